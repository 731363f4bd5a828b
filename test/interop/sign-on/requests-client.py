"""HOST ADDRESS URL: fetches URL with Kerberos, HOST being at ADDRESS, and prints what came as JSON."""
import json
import socket
import sys

import requests
import requests_kerberos

host, address, url = sys.argv[1:]
look_up = socket.getaddrinfo
socket.getaddrinfo = lambda name, *rest, **more: look_up(address if name == host else name, *rest, **more)
mutual = requests_kerberos.HTTPKerberosAuth(mutual_authentication=requests_kerberos.REQUIRED)
answer = requests.get(url, auth=mutual)
print(json.dumps({'status': answer.status_code, 'body': answer.text}))
