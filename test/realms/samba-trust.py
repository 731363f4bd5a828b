"""Makes a forest trust between two domain controllers on this machine: trust.py REMOTE_SMB_CONF REMOTE_NETBIOS samba-tool's arguments…

samba-tool reaches the other side by SMB, which these controllers do not serve. The other side is here, so its RPC
services are reached by their local socket instead, as the system itself.
"""

import sys

import samba.netcmd.domain
from samba.dcerpc import lsa, netlogon
from samba.netcmd.main import cmd_sambatool
from samba.param import LoadParm

_, remote_smb_conf, remote_netbios, *arguments = sys.argv
remote = LoadParm(filename_for_non_global_lp=remote_smb_conf)
binding = "ncalrpc:%s[,auth_type=ncalrpc_as_system]" % remote_netbios

command = samba.netcmd.domain.DomainTrustCommand
command.new_remote_lsa_connection = lambda self: lsa.lsarpc(binding, remote, None)
command.new_remote_netlogon_connection = lambda self: netlogon.netlogon(binding, remote, None)
sys.exit(cmd_sambatool()._run("samba-tool", *arguments))
