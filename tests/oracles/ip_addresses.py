"""Python's ipaddress module as an oracle for the guard's addresses; see tests/it/webhook_oracles.rs.

usage: ip_addresses.py        addresses on stdin, one a line: for each "true" or "false", whether Python calls it global
"""

import ipaddress
import sys

addresses = sys.stdin.read().split()
for address in addresses:
    print("true" if ipaddress.ip_address(address).is_global else "false")
