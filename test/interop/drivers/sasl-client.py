"""SERVICE MECHANISM CHOICE SIZE AUTHZID TEXT: the client's side of SASL GSSAPI (RFC 4752) or GSS-SPNEGO with MIT's library, whose ticket
is in KRB5CCNAME. Tokens come and go as base64, one a line, '-' for none. Afterwards it sends TEXT, protected as chosen, and
says what came back."""
import base64
import sys

import gssapi

service, mechanism, choice, size, authzid, text = sys.argv[1:]
choice, size = int(choice), int(size)


def send(octets):
    print(base64.b64encode(octets).decode() if octets else '-', flush=True)


def receive():
    line = sys.stdin.readline().strip()
    return b'' if line == '-' else base64.b64decode(line)


Flag = gssapi.RequirementFlag
flags = Flag.mutual_authentication | Flag.out_of_sequence_detection | Flag.replay_detection
if mechanism == 'GSSAPI' or choice >= 2:
    flags |= Flag.integrity
if choice == 4:
    flags |= Flag.confidentiality
oid = {'GSSAPI': '1.2.840.113554.1.2.2', 'GSS-SPNEGO': '1.3.6.1.5.5.2'}[mechanism]
name = gssapi.Name(service, gssapi.NameType.hostbased_service)
context = gssapi.SecurityContext(name=name, mech=gssapi.OID.from_int_seq(oid), usage='initiate', flags=flags)
token = context.step()
while True:
    send(token)
    if context.complete and not (mechanism == 'GSSAPI' and token):
        break
    answer = receive()
    token = context.step(answer) if not context.complete else None
    if context.complete and not token:
        break
if mechanism == 'GSSAPI':
    if token is None:
        send(b'')
    offer = context.unwrap(receive()).message
    print('offer', offer[0], int.from_bytes(offer[1:4], 'big'), flush=True)
    send(context.wrap(bytes([choice]) + size.to_bytes(3, 'big') + authzid.encode(), False).message)
verdict = sys.stdin.readline().strip()
if verdict != 'ok':
    sys.exit(0)
if choice == 1:
    send(text.encode())
    print('back', receive().decode(), flush=True)
else:
    token = context.wrap(text.encode(), choice == 4).message
    send(len(token).to_bytes(4, 'big') + token)
    frame = receive()
    opened = context.unwrap(frame[4:4 + int.from_bytes(frame[:4], 'big')])
    assert opened.encrypted == (choice == 4)
    print('back', opened.message.decode(), flush=True)
