# One deed by Ruby's net-sftp: PORT USER PASSWORD KEY DEED ARGUMENT…
require 'net/sftp'

port, user, password, _key, deed, *rest = ARGV
options = { port: port.to_i, password: password, keys: [], config: false, use_agent: false,
            non_interactive: true, verify_host_key: :never }

def resume(sftp, local, remote)
  start = sftp.stat!(remote).size
  there = sftp.open!(remote, 'r+')
  sftp.write!(there, start, File.binread(local)[start..])
  sftp.close!(there)
end

begin
  Net::SFTP.start('127.0.0.1', user, **options) do |sftp|
    case deed
    when 'folder'
      sftp.mkdir!(rest[1])
      sftp.upload!(*rest)
    when 'put' then sftp.upload!(*rest)
    when 'resume' then resume(sftp, *rest)
    when 'rename' then sftp.rename!(*rest)
    when 'list' then sftp.dir.foreach(rest[0]) { |entry| puts entry.name }
    when 'look'
      sftp.upload!(*rest)
      puts sftp.stat!(rest[1]).size
    when 'delete'
      sftp.remove!(rest[0])
      sftp.rmdir!(rest[1])
    end
  end
rescue Net::SFTP::StatusException => error
  puts error.message
  exit 1
end
