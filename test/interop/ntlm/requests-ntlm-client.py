"""URL USER PASSWORD CBT: fetches URL twice in one session, with NTLM, and prints what came as JSON.

CBT is yes or no: whether the response is bound to the certificate of the connection.
"""
import json
import sys

import requests
import requests_ntlm

url, user, password, cbt = sys.argv[1:]
session = requests.Session()
session.verify = False
# Else a bundle of authorities that the environment names would count.
session.trust_env = False
auth = requests_ntlm.HttpNtlmAuth(user, password, send_cbt=cbt == 'yes')
first = session.get(url, auth=auth)
again = session.get(url)
print(json.dumps([{'status': one.status_code, 'body': one.text} for one in (first, again)]))
