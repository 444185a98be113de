package logs

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

func names(s string) (list [][]byte) {
	for name := range strings.SplitSeq(s, ",") {
		list = append(list, []byte(name))
	}
	return list
}

func sshPrefs(toServer, toClient string) event.SSHAlgorithmPrefs {
	return event.SSHAlgorithmPrefs{ClientToServer: value.Some(names(toServer)), ServerToClient: value.Some(names(toClient))}
}

// sshOffer is an offer with two ciphers, the second of which is common to all.
func sshOffer(c event.Conn, isServer bool, kex, compression string) *event.SSHCapabilities {
	who := "c"
	if isServer {
		who = "s"
	}
	return &event.SSHCapabilities{Conn: c, Capabilities: event.SSHOffer{
		KexAlgorithms: names(kex), ServerHostKeyAlgorithms: names("ssh-ed25519,ssh-rsa"),
		EncryptionAlgorithms:  sshPrefs(who+"1,aes", who+"2,aes"),
		MACAlgorithms:         sshPrefs("sha,md5", "md5,sha"),
		CompressionAlgorithms: sshPrefs(compression, compression),
		IsServer:              isServer,
	}}
}

func TestSSH(t *testing.T) {
	const begin = "ssh ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=22"
	const agreed = " cipher_alg=aes mac_alg=To server: sha, to client: md5 compression_alg=none kex_alg=k2 host_key_alg=ssh-ed25519"
	const lines = " client=SSH-2.0-c server=SSH-2.0-s"
	type talk struct {
		b *bench
		c *fakeConn
	}
	version := func(x talk) {
		line := []byte("SSH-2.0-c")
		x.b.hooks.SSH.ClientVersion.Raise(&event.SSHClientVersion{Conn: x.c, Version: line})
		x.b.now = 2e9
		line[8] = 's'
		x.b.hooks.SSH.ServerVersion.Raise(&event.SSHServerVersion{Conn: x.c, Version: line})
	}
	offers := func(x talk, kex, compression string) {
		x.b.hooks.SSH.Capabilities.Raise(sshOffer(x.c, true, "k2,k1", compression))
		x.b.hooks.SSH.Capabilities.Raise(sshOffer(x.c, true, "k1", compression))
		x.b.hooks.SSH.Capabilities.Raise(sshOffer(x.c, false, kex, compression))
	}
	attempt := func(x talk, ok bool) {
		x.b.hooks.SSH.AuthAttempted.Raise(&event.SSHAuthAttempted{Conn: x.c, Authenticated: ok})
	}
	for _, c := range []struct {
		name          string
		do            func(x talk)
		early, atLast string
	}{
		{"nothing", func(talk) {}, "", ""},
		{"nothing before a version", func(x talk) { offers(x, "k2", "none"); attempt(x, true) }, "", ""},
		{"versions", version, "", " version=2 auth_attempts=0" + lines},
		{"one version", func(x talk) {
			x.b.hooks.SSH.ServerVersion.Raise(&event.SSHServerVersion{Conn: x.c, Version: []byte("SSH-1.99-s")})
		}, "", " auth_attempts=0 server=SSH-1.99-s"},
		{"confirmed without", func(x talk) {
			x.b.hooks.Analyzer.ConfirmationInfo.Raise(&event.AnalyzerConfirmationInfo{AType: "Analyzer::ANALYZER_HTTP", Conn: x.c})
			x.b.hooks.Analyzer.ConfirmationInfo.Raise(&event.AnalyzerConfirmationInfo{AType: "Analyzer::ANALYZER_SSH", Conn: x.c})
		}, "", " auth_attempts=0"},
		{"failure", func(x talk) { version(x); offers(x, "k3,k2", "none"); attempt(x, false); attempt(x, false) },
			"", " version=2 auth_success=false auth_attempts=2" + lines + agreed},
		{"success", func(x talk) {
			version(x)
			offers(x, "k2", "none")
			x.b.hooks.SSH.SSH2ServerHostKey.Raise(&event.SSH2ServerHostKey{Conn: x.c, Key: []byte("key")})
			attempt(x, false)
			attempt(x, true)
			attempt(x, true)
		}, " version=2 auth_success=true auth_attempts=2" + lines + agreed + " host_key_fingerprint=SHA256:LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6", ""},
		{"nothing in common", func(x talk) { version(x); offers(x, "k3", "none") }, "", " version=2 auth_attempts=0" + lines +
			strings.Replace(agreed, "k2", "Algorithm negotiation failed", 1)},
		{"compressed", func(x talk) { version(x); offers(x, "k2", "zlib"); attempt(x, false); attempt(x, true) },
			" version=2 auth_attempts=0" + lines + strings.Replace(agreed, "none", "zlib", 1), ""},
	} {
		b := newBench(t, "ssh")
		fc := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:22"), uid: uid(1)}
		c.do(talk{b, fc})
		check := func(when, want string) {
			t.Helper()
			var rows []string
			if want != "" {
				rows = []string{begin + want}
			}
			if got := b.out.take(); strings.Join(got, "\n") != strings.Join(rows, "\n") {
				t.Errorf("%s, %s: got\n%s\nwant\n%s", c.name, when, got, rows)
			}
		}
		check("before the end", c.early)
		endConn(&b.hooks, fc)
		check("at the end", c.atLast)
		endConn(&b.hooks, fc)
		check("once more", "")
	}
}

func TestSSHVersion(t *testing.T) {
	for _, c := range []struct {
		client, server string
		want           uint64
	}{
		{"SSH-2.0-c", "SSH-2.0-s", 2}, {"SSH-1.99-c", "SSH-1.99-s", 2}, {"SSH-1.99-c", "SSH-2.0-s", 2}, {"SSH-2.0-c", "SSH-1.99-s", 2},
		{"SSH-1.5-c", "SSH-1.5-s", 1}, {"SSH-1.5-c", "SSH-1.99-s", 1}, {"SSH-1.99-c", "SSH-1.5-s", 1},
		{"SSH-1.5-c", "SSH-2.0-s", 0}, {"SSH-2.0-c", "SSH-1.5-s", 0}, {"SSH-3.0-c", "SSH-2.0-s", 0}, {"SSH-", "SSH-2.0-s", 0},
		{"", "SSH-2.0-s", 0}, {"SSH-2.0-c", "", 0},
	} {
		x, y := optText{[]byte(c.client), c.client != ""}, optText{[]byte(c.server), c.server != ""}
		if got := sshVersion(&x, &y); got.V != c.want || got.OK != (c.want != 0) {
			t.Errorf("%s and %s: %v", c.client, c.server, got)
		}
	}
}

// TestHASSH compares with fingerprints of the lists made by md5sum.
func TestHASSH(t *testing.T) {
	b := newBench(t, "ssh", "hassh")
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:22"), uid: uid(1)}
	b.hooks.SSH.ClientVersion.Raise(&event.SSHClientVersion{Conn: c, Version: []byte("SSH-2.0-c")})
	b.hooks.SSH.Capabilities.Raise(sshOffer(c, false, "k1,k2", "none,zlib"))
	b.hooks.SSH.Capabilities.Raise(sshOffer(c, true, "k2", "none"))
	endConn(&b.hooks, c)
	rows := b.out.take()
	const want = " hassh=3f22c2cc86bedd9cb03e567a1855bcf5 hasshServer=0a4e20c89387b3e541af27f5e6e36ce5 hasshAlgorithms=k1,k2;c1,aes;sha,md5;none,zlib hasshServerAlgorithms=k2;s2,aes;md5,sha;none"
	if len(rows) != 1 || !strings.HasSuffix(rows[0], want) {
		t.Errorf("%q does not end with %q", rows, want)
	}
}

func TestSSHDirection(t *testing.T) {
	for _, c := range []struct{ conn, want string }{
		{"10.0.0.1:1024 192.0.2.1:22", "OUTBOUND"}, {"192.0.2.1:1024 10.0.0.1:22", "INBOUND"},
		{"10.0.0.1:1024 10.0.0.2:22", ""}, {"192.0.2.1:1024 192.0.2.2:22", ""},
	} {
		var h event.Hooks
		var out lastSSH
		Install(&h, &out, Options{Now: func() value.Time { return 1 }, LocalNets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		f := &fakeConn{id: connID(t, value.ProtoTCP, c.conn), uid: uid(1)}
		h.SSH.ClientVersion.Raise(&event.SSHClientVersion{Conn: f, Version: []byte("SSH-2.0-c")})
		endConn(&h, f)
		if got := out.rec.Direction; string(got.V) != c.want || got.OK != (c.want != "") {
			t.Errorf("%s: %v", c.conn, got)
		}
	}
}

// lastSSH keeps the latest row of ssh.log.
type lastSSH struct{ rec schemas.SSH }

func (l *lastSSH) On(s *schemas.Schema) bool { return s.Name == "ssh" }
func (l *lastSSH) Emit(r schemas.Record)     { l.rec = *r.(*schemas.SSH) }
func (l *lastSSH) EmitGated(r schemas.Record, _ schemas.Gate) {
	l.Emit(r)
}
