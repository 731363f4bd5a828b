"""MECHANISM OFFER SIZE: the server's side of SASL GSSAPI (RFC 4752) or GSS-SPNEGO with MIT's library. Tokens come and go as base64, one
a line, '-' for none. OFFER are the bits of the layers, SIZE is the longest message that is taken. At the end it says
'done PRINCIPAL CHOICE SIZE AUTHZID', or 'refused'; then it gives back, protected in the same way, each message that comes."""
import base64
import sys

import gssapi

mechanism, offer, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def send(octets):
    print(base64.b64encode(octets).decode() if octets else '-', flush=True)


def receive():
    line = sys.stdin.readline().strip()
    if not line:
        sys.exit(0)
    return b'' if line == '-' else base64.b64decode(line)


context = gssapi.SecurityContext(creds=gssapi.Credentials(usage='accept'), usage='accept')
choice, limit, authzid = 0, 0, b''
try:
    while not context.complete:
        token = context.step(receive())
        context.complete  # an error that comes with a token for the peer shows only here
        if token or mechanism == 'GSSAPI':
            send(token)
    if mechanism == 'GSSAPI':
        assert receive() == b''
        send(context.wrap(bytes([offer]) + size.to_bytes(3, 'big'), False).message)
        last = context.unwrap(receive()).message
        choice, limit, authzid = last[0], int.from_bytes(last[1:4], 'big'), last[4:]
        assert choice in (1, 2, 4) and choice & offer
    else:
        flags = context.actual_flags
        Flag = gssapi.RequirementFlag
        choice = 4 if Flag.confidentiality in flags else 2 if Flag.integrity in flags else 1
except (gssapi.exceptions.GSSError, AssertionError):
    print('refused', flush=True)
    sys.exit(0)
print('done', context.initiator_name, choice, limit, authzid.decode(), flush=True)
while True:
    frame = receive()
    if choice == 1:
        send(frame)
        continue
    parts, at, longest = [], 0, 0
    while at < len(frame):
        length = int.from_bytes(frame[at:at + 4], 'big')
        longest = max(longest, length)
        opened = context.unwrap(frame[at + 4:at + 4 + length])
        assert opened.encrypted == (choice == 4)
        parts.append(opened.message)
        at += 4 + length
    assert mechanism != 'GSSAPI' or longest <= size, longest
    token = context.wrap(b''.join(parts), choice == 4).message
    send(len(token).to_bytes(4, 'big') + token)
