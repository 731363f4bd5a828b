"""
MIT's own client doing what kdc-client.bench.mjs has ours do: S4U2Self and S4U2Proxy, one after the other, as the account of a keytab.

Reads seconds from standard input, a line each, works so long, and answers each with a line of JSON: delegations per second, and
microseconds of CPU per exchange. What Python adds to the library is in the figures; it is little beside an exchange.
"""
import json
import resource
import sys
import time

from gssapi.raw import NameType, MechType, acquire_cred_from, acquire_cred_impersonate_name, import_name, init_sec_context

service, keytab, user, target = (argument.encode() for argument in sys.argv[1:5])
mechs = {MechType.kerberos}


def principal(name):
    return import_name(name, NameType.kerberos_principal)


store = {b'client_keytab': keytab, b'keytab': keytab, b'ccache': b'MEMORY:own'}
own = acquire_cred_from(store, principal(service), mechs=mechs, usage='both').creds


def delegate():
    impersonated = acquire_cred_impersonate_name(own, principal(user), mechs=mechs, usage='initiate').creds
    init_sec_context(principal(target), creds=impersonated, mech=MechType.kerberos)


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


delegate()
for line in sys.stdin:
    count, began, used = 0, time.monotonic(), cpu()
    while time.monotonic() < began + float(line):
        delegate()
        count += 1
    rate = count / (time.monotonic() - began)
    print(json.dumps({'rate': rate, 'cpu': (cpu() - used) * 1e6 / count / 2}), flush=True)
