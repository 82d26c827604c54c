"""One deed by libssh, through ssh-python: PORT USER PASSWORD KEY DEED ARGUMENT…"""

import os
import sys

from ssh import options
from ssh.exceptions import BaseSSHError
from ssh.key import import_privkey_file
from ssh.session import Session

port, user, _password, key, deed, *rest = sys.argv[1:]
session = Session()
session.options_set(options.HOST, "127.0.0.1")
session.options_set_port(int(port))
session.options_set(options.USER, user)
session.connect()
session.userauth_publickey(import_privkey_file(key))
sftp = session.sftp_new()
sftp.init()


def write(local, remote, flags, start=0):
    there = sftp.open(remote, os.O_WRONLY | flags, 0o644)
    there.seek64(start)
    with open(local, "rb") as here:
        here.seek(start)
        while piece := here.read(32768):
            there.write(piece)
    there.close()


def put(local, remote):
    write(local, remote, os.O_CREAT | os.O_TRUNC)


try:
    if deed == "folder":
        local, remote = rest
        sftp.mkdir(remote, 0o755)
        for name in sorted(os.listdir(local)):
            put(os.path.join(local, name), f"{remote}/{name}")
            sftp.utimes(f"{remote}/{name}", 1700000000, 0)
    elif deed == "put":
        put(*rest)
    elif deed == "resume":
        write(*rest, 0, sftp.stat(rest[1]).size)
    elif deed == "rename":
        sftp.rename(*rest)
    elif deed == "list":
        print("\n".join(entry.name.decode() for entry in sftp.opendir(rest[0])))
    elif deed == "look":
        put(*rest)
        print(sftp.stat(rest[1]).size)
    elif deed == "delete":
        sftp.unlink(rest[0])
        sftp.rmdir(rest[1])
except BaseSSHError as error:
    print(error)
    sys.exit(1)
finally:
    session.disconnect()
