"""KEYTAB: judges negotiations with MIT's libgssapi_krb5. Standard input is a JSON list of {legs, bindings}, each leg a token in
base64, bindings the channel's application data or null; standard output is a list of {verdict, token}: accepted, continue or refused, and
the last token for the peer, in base64 or null."""
import base64
import json
import sys

import gssapi
from gssapi.raw import ChannelBindings

store = {'keytab': sys.argv[1]}


def judge(case):
    credentials = gssapi.Credentials(usage='accept', store=store)
    data = case.get('bindings')
    bindings = ChannelBindings(application_data=base64.b64decode(data)) if data else None
    context = gssapi.SecurityContext(creds=credentials, usage='accept', channel_bindings=bindings)
    token = None
    try:
        for leg in case['legs']:
            token = None
            token = context.step(base64.b64decode(leg))
        # An error that comes with a token for the peer shows only here.
        verdict = 'accepted' if context.complete else 'continue'
    except gssapi.exceptions.GSSError:
        verdict = 'refused'
    return {'verdict': verdict, 'token': base64.b64encode(token).decode() if token else None}


print(json.dumps([judge(case) for case in json.load(sys.stdin)]))
