#!/bin/bash
# SSH: OpenSSH with keys, right and wrong passwords, ciphers, scp, forwarding.
# Debian packages: iproute2 tcpdump tshark ethtool python3 openssh-server openssh-client util-linux
# A password needs an account: the server runs in its own mount namespace with its own passwd
# and shadow files, so that the machine's files are not changed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need /usr/sbin/sshd:openssh-server ssh:openssh-client openssl:openssl unshare:util-linux

pair
cd "$tmp"
mkdir -p home /run/sshd
for k in ed25519 rsa ecdsa; do ssh-keygen -q -t $k -N '' -f host_$k; done
ssh-keygen -q -t ed25519 -N '' -f id
ssh-keygen -q -t rsa -b 3072 -N '' -f id_rsa
ssh-keygen -q -t ed25519 -N '' -f stranger
cat id.pub id_rsa.pub >authorized
head -c 12000 /dev/urandom >file
cp /etc/passwd passwd
cp /etc/shadow shadow
echo "wltest:x:54321:54321:test:$tmp/home:/bin/sh" >>passwd
echo "wltest:$(openssl passwd -6 'right password'):19000:0:99999:7:::" >>shadow
chown 54321:54321 home
chmod 755 "$tmp" home
chmod 644 authorized
cat >sshd_config <<END
Port 22
Port 2200
HostKey $tmp/host_ed25519
HostKey $tmp/host_rsa
HostKey $tmp/host_ecdsa
PidFile none
UsePAM no
StrictModes no
AuthorizedKeysFile $tmp/authorized
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin no
UseDNS no
Subsystem sftp internal-sftp
Ciphers +aes128-cbc,3des-cbc
MACs +hmac-sha1,hmac-md5
KexAlgorithms +diffie-hellman-group14-sha1
HostKeyAlgorithms +ssh-rsa
PrintMotd no
PrintLastLog no
END
printf '#!/bin/sh\necho "$WL_PASSWORD"\n' >askpass
chmod 755 askpass
start "$B" unshare -m --propagation private sh -c "mount --bind $tmp/passwd /etc/passwd && mount --bind $tmp/shadow /etc/shadow && exec /usr/sbin/sshd -D -e -f $tmp/sshd_config"
listening "$B" t 22
listening "$B" t 2200
start "$B" "$PYTHON" "$here/tcp_peer.py" server

cat >ssh_config <<END
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
ConnectTimeout 5
IdentitiesOnly yes
NumberOfPasswordPrompts 2
LogLevel ERROR
KexAlgorithms curve25519-sha256
END
opts=(-F ssh_config)
key=(-o PasswordAuthentication=no -i id)
ok() { a timeout 20 ssh "${opts[@]}" "$@" >>ssh.log 2>&1 </dev/null || die "should have worked: ssh $* $(tail -3 ssh.log started.log)"; }
no() { ! a timeout 20 ssh "${opts[@]}" "$@" >>ssh.log 2>&1 </dev/null || die "should have failed: ssh $*"; }
password() { WL_PASSWORD=$1 SSH_ASKPASS=$tmp/askpass SSH_ASKPASS_REQUIRE=force "${@:2}" -o PubkeyAuthentication=no; }
me=wltest@10.77.0.2

record ssh-auth.pcap "$A" wl0 tcp
ok "${key[@]}" $me true
ok "${key[@]}" -i id_rsa wltest@fd77::2 'echo over IPv6'
no -o PasswordAuthentication=no -i stranger $me true                # an unknown key
ok -o PasswordAuthentication=no -i stranger -i id $me true                     # an unknown key, then the right one
password 'right password' ok $me echo 'with a password'
password 'wrong password' no $me true
no -o BatchMode=yes -o PubkeyAuthentication=no $me true             # no method to offer
ok "${key[@]}" -p 2200 $me true                                     # another port
a timeout 5 ssh-keyscan -t ed25519,rsa 10.77.0.2 >/dev/null 2>&1    # key exchange only
a timeout 3 bash -c 'exec 3<>/dev/tcp/10.77.0.2/22; echo "SSH-2.0-hello there" >&3; sleep 1' || true
a timeout 3 bash -c 'exec 3<>/dev/tcp/10.77.0.2/22; echo "GET / HTTP/1.0" >&3; cat <&3' >/dev/null || true
recorded
expect ssh-auth.pcap 'ssh.message_code == 20' 10
expect ssh-auth.pcap 'tcp.port == 2200 && tcp contains "SSH-2.0"'

record ssh-algorithms.pcap "$A" wl0 tcp
for c in aes256-gcm@openssh.com chacha20-poly1305@openssh.com aes128-cbc; do ok "${key[@]}" -c $c $me true; done
for x in hmac-sha1 umac-64@openssh.com; do ok "${key[@]}" -c aes128-ctr -m $x $me true; done
for x in ecdh-sha2-nistp256 diffie-hellman-group14-sha1 sntrup761x25519-sha512@openssh.com; do ok "${key[@]}" -o KexAlgorithms=$x $me true; done
for x in ssh-rsa ecdsa-sha2-nistp256; do ok "${key[@]}" -o HostKeyAlgorithms=$x $me true; done
ok "${key[@]}" -C $me true
no "${key[@]}" -c aes192-cbc $me true                               # no cipher in common
recorded
expect ssh-algorithms.pcap 'ssh.message_code == 20' 18

record ssh-use.pcap "$A" wl0 tcp
a timeout 20 scp -q "${opts[@]}" "${key[@]}" file $me:file 2>>ssh.log || die "scp: $(tail -3 ssh.log)"
printf 'get file again\nls\nquit\n' | a timeout 20 sftp -q "${opts[@]}" "${key[@]}" -b - $me >/dev/null
a timeout 12 ssh "${opts[@]}" "${key[@]}" -o ExitOnForwardFailure=yes -L 9001:10.77.0.2:7001 $me 'sleep 3' </dev/null >/dev/null 2>&1 &
listening "$A" t 9001
a timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9001; echo through >&3; head -1 <&3' >/dev/null
wait $! || true
ok "${key[@]}" -o RekeyLimit=6K $me 'head -c 8000 /dev/zero'       # a new key exchange during the session
recorded
expect ssh-use.pcap 'ssh' 30
good_checksums ssh-auth.pcap ssh-algorithms.pcap ssh-use.pcap
