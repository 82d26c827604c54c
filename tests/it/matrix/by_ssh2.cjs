// One deed by ssh2-sftp-client: PORT USER PASSWORD KEY DEED ARGUMENT…
const fs = require('fs');
const Client = require('ssh2-sftp-client');

const [port, username, password, , deed, ...rest] = process.argv.slice(2);
const sftp = new Client();

const deeds = {
  folder: (local, remote) => sftp.uploadDir(local, remote),
  put: (local, remote) => sftp.fastPut(local, remote),
  resume: async (local, remote) => {
    const { size } = await sftp.stat(remote);
    await sftp.append(fs.readFileSync(local).subarray(size), remote);
  },
  rename: (from, to) => sftp.rename(from, to),
  list: async (folder) => (await sftp.list(folder)).forEach((entry) => console.log(entry.name)),
  look: async (local, remote) => {
    await sftp.put(local, remote);
    console.log((await sftp.stat(remote)).size);
  },
  delete: async (file, folder) => {
    await sftp.delete(file);
    await sftp.rmdir(folder);
  },
};

(async () => {
  try {
    await sftp.connect({ host: '127.0.0.1', port: Number(port), username, password });
    await deeds[deed](...rest);
  } catch (error) {
    console.log(error.message);
    process.exitCode = 1;
  } finally {
    await sftp.end();
  }
})();
