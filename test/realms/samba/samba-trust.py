"""Makes a forest trust between two domain controllers on this machine: trust.py REMOTE_SMB_CONF REMOTE_NETBIOS samba-tool's arguments…

samba-tool reaches the other side by SMB, which these controllers do not serve. The other side is here, so its RPC
services are reached by their local socket instead, as the system itself.
"""

import sys

from samba.dcerpc import lsa, netlogon
from samba.netcmd.main import cmd_sambatool
from samba.param import LoadParm

try:
    from samba.netcmd.domain.trust import DomainTrustCommand  # since 4.19
except ImportError:
    from samba.netcmd.domain import DomainTrustCommand

_, remote_smb_conf, remote_netbios, *arguments = sys.argv
remote = LoadParm(filename_for_non_global_lp=remote_smb_conf)
binding = "ncalrpc:%s[,auth_type=ncalrpc_as_system]" % remote_netbios

DomainTrustCommand.new_remote_lsa_connection = lambda self: lsa.lsarpc(binding, remote, None)
DomainTrustCommand.new_remote_netlogon_connection = lambda self: netlogon.netlogon(binding, remote, None)
tool = cmd_sambatool()
if hasattr(tool, "_resolve"):
    command, arguments = tool._resolve("samba-tool", *arguments)
    sys.exit(command._run(*arguments))
sys.exit(tool._run("samba-tool", *arguments))
