"""One deed by paramiko: PORT USER PASSWORD KEY DEED ARGUMENT…"""

import os
import sys

import paramiko

port, user, password, _key, deed, *rest = sys.argv[1:]
transport = paramiko.Transport(("127.0.0.1", int(port)))
transport.connect(username=user, password=password)
sftp = paramiko.SFTPClient.from_transport(transport)


def resume(local, remote):
    with sftp.open(remote, "r+") as there, open(local, "rb") as here:
        start = there.stat().st_size
        here.seek(start)
        there.seek(start)
        there.set_pipelined(True)
        there.write(here.read())


try:
    if deed == "folder":
        local, remote = rest
        sftp.mkdir(remote)
        for name in sorted(os.listdir(local)):
            sftp.put(os.path.join(local, name), f"{remote}/{name}", confirm=True)
            sftp.utime(f"{remote}/{name}", (1700000000, 1700000000))
    elif deed == "put":
        sftp.put(*rest)
    elif deed == "resume":
        resume(*rest)
    elif deed == "rename":
        sftp.rename(*rest)
    elif deed == "list":
        print("\n".join(sftp.listdir(rest[0])))
    elif deed == "look":
        sftp.put(*rest)
        print(sftp.stat(rest[1]).st_size)
    elif deed == "delete":
        sftp.remove(rest[0])
        sftp.rmdir(rest[1])
except OSError as error:
    print(error)
    sys.exit(1)
finally:
    transport.close()
