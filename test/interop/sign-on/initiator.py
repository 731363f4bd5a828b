"""HOST MECHANISM [delegate]: signs on to HTTP@HOST with raw krb5 or with spnego, and hands its TGT over where that is asked for.
One base64 token a line goes to and fro ('-' for none), then it
exchanges messages: sends a MIC over 'from the peer', the same text sealed, and signed only; expects a MIC over 'from the
service', that text sealed, and signed only. Says 'ok' when all of them are right."""
import base64
import sys

import gssapi

host, mechanism = sys.argv[1:3]
OIDS = {'krb5': '1.2.840.113554.1.2.2', 'spnego': '1.3.6.1.5.5.2'}
Flag = gssapi.RequirementFlag


def send(octets):
    print(base64.b64encode(octets).decode() if octets else '-', flush=True)


def receive():
    line = sys.stdin.readline().strip()
    return None if line == '-' else base64.b64decode(line)


name = gssapi.Name('HTTP@' + host, gssapi.NameType.hostbased_service)
flags = Flag.mutual_authentication | Flag.out_of_sequence_detection | Flag.replay_detection | Flag.integrity
if 'delegate' in sys.argv[3:]:
    flags |= Flag.delegate_to_peer
context = gssapi.SecurityContext(
    name=name, mech=gssapi.OID.from_int_seq(OIDS[mechanism]), usage='initiate', flags=flags | Flag.confidentiality)
token = context.step()
while True:
    send(token)
    if context.complete:
        break
    token = context.step(receive())
    if context.complete and not token:
        break

# What the service is to sign or verify besides, for tests that are SPNEGO themselves.
line = sys.stdin.readline().split()
if line[0] == 'verify':
    context.verify_signature(base64.b64decode(line[1]), base64.b64decode(line[2]))
    send(context.get_signature(base64.b64decode(line[1])))

ours, theirs = b'from the peer', b'from the service'
send(context.get_signature(ours))
send(context.wrap(ours, True).message)
send(context.wrap(ours, False).message)
context.verify_signature(theirs, receive())
for sealed in (True, False):
    unwrapped = context.unwrap(receive())
    assert unwrapped.message == theirs and unwrapped.encrypted == sealed
print('ok', flush=True)
