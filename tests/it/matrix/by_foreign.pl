# One deed by Net::SFTP::Foreign, which speaks SFTP through ssh: PORT USER PASSWORD KEY DEED ARGUMENT…
use strict;
use warnings;
use Net::SFTP::Foreign;

my ($port, $user, undef, $key, $deed, @rest) = @ARGV;
my @options = map { (-o => $_) } qw(StrictHostKeyChecking=no UserKnownHostsFile=/dev/null LogLevel=ERROR);
my $sftp = Net::SFTP::Foreign->new(
    '127.0.0.1', port => $port, user => $user, key_path => $key, more => \@options
);
my %deeds = (
    # Puts a temporary name first and renames it, as who uploads into a watched folder does.
    folder => sub {
        $sftp->mkpath($_[1]);
        $sftp->rput($_[0], $_[1], atomic => 1, copy_time => 1, overwrite => 1);
    },
    put    => sub { $sftp->put(@_) },
    resume => sub { $sftp->put(@_, resume => 1) },
    rename => sub { $sftp->rename(@_) },
    list   => sub { print "$_\n" for @{ $sftp->ls($_[0], names_only => 1) || [] } },
    look   => sub { $sftp->put(@_) and print $sftp->stat($_[1])->size, "\n" },
    delete => sub { $sftp->remove($_[0]) and $sftp->rmdir($_[1]) },
);
$sftp->die_on_error('no connection');
$deeds{$deed}->(@rest);
$sftp->die_on_error($deed);
