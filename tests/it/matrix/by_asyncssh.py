"""One deed by AsyncSSH: PORT USER PASSWORD KEY DEED ARGUMENT…"""

import asyncio
import sys

import asyncssh

port, user, _password, key, deed, *rest = sys.argv[1:]


async def resume(sftp, local, remote):
    start = await sftp.getsize(remote)
    with open(local, "rb") as here:
        here.seek(start)
        async with sftp.open(remote, "ab") as there:
            await there.write(here.read())


async def main():
    connection = asyncssh.connect(
        "127.0.0.1", int(port), username=user, client_keys=[key], known_hosts=None, config=None
    )
    async with connection as ssh, ssh.start_sftp_client() as sftp:
        if deed == "folder":
            await sftp.put(rest[0], rest[1], recurse=True, preserve=True)
        elif deed == "put":
            await sftp.put(*rest)
        elif deed == "resume":
            await resume(sftp, *rest)
        elif deed == "rename":
            await sftp.rename(*rest)
        elif deed == "list":
            print("\n".join(await sftp.listdir(rest[0])))
        elif deed == "look":
            await sftp.put(*rest)
            print(await sftp.getsize(rest[1]))
        elif deed == "delete":
            await sftp.remove(rest[0])
            await sftp.rmdir(rest[1])


try:
    asyncio.run(main())
except (asyncssh.Error, OSError) as error:
    print(error)
    sys.exit(1)
