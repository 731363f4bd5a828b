"""
MIT's own acceptor doing what accept.bench.mjs has ours do, with its replay cache (KRB5RCACHEDIR) and the keytab of KRB5_KTNAME.

Reads tokens in base64 from standard input, one line of JSON for each round, accepts them all, and answers with microseconds of CPU for
one. What Python adds to the library is in the figures.
"""
import base64
import json
import resource
import sys

from gssapi.raw import accept_sec_context, acquire_cred

acceptor = acquire_cred(None, usage='accept').creds


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


for line in sys.stdin:
    tokens = [base64.b64decode(token) for token in json.loads(line)]
    began = cpu()
    for token in tokens:
        accepted = accept_sec_context(token, acceptor)
        if accepted.more_steps or accepted.token is None:
            raise SystemExit('not accepted')
    print((cpu() - began) * 1e6 / len(tokens), flush=True)
