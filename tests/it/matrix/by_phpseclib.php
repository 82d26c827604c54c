<?php
// One deed by phpseclib: PORT USER PASSWORD KEY DEED ARGUMENT…
require 'phpseclib3/autoload.php';

use phpseclib3\Net\SFTP;

[, $port, $user, $password, , $deed] = $argv;
$rest = array_slice($argv, 6);
$sftp = new SFTP('127.0.0.1', (int) $port);
$from_file = SFTP::SOURCE_LOCAL_FILE;
$deeds = [
    'login' => fn() => $sftp->login($user, $password),
    'folder' => function ($local, $remote) use ($sftp, $from_file) {
        $done = $sftp->mkdir($remote, -1, true);
        $sftp->enableDatePreservation();
        foreach (array_diff(scandir($local), ['.', '..']) as $name) {
            $done = $done && $sftp->put("$remote/$name", "$local/$name", $from_file);
        }
        return $done && $sftp->chmod(0755, $remote, true);
    },
    'put' => fn($local, $remote) => $sftp->put($remote, $local, $from_file),
    'resume' => fn($local, $remote) =>
        $sftp->put($remote, $local, $from_file | SFTP::RESUME, -1, $sftp->filesize($remote)),
    'rename' => fn($from, $to) => $sftp->rename($from, $to),
    'list' => function ($folder) use ($sftp) {
        $names = $sftp->nlist($folder);
        echo implode("\n", $names ?: []), "\n";
        return $names !== false;
    },
    'look' => function ($local, $remote) use ($sftp, $from_file) {
        $done = $sftp->put($remote, $local, $from_file);
        echo $sftp->filesize($remote), "\n";
        return $done;
    },
    'delete' => fn($file, $folder) => $sftp->delete($file, false) && $sftp->rmdir($folder),
];
if (!$deeds['login']() || !$deeds[$deed](...$rest)) {
    echo $sftp->getLastSFTPError(), "\n";
    exit(1);
}
