package logs

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// ssh builds ssh.log after Zeek's base/protocols/ssh: a row a connection, when a client has
// authenticated, or else when the connection ends.
type ssh struct {
	states[sshState]
	out   schemas.Emitter
	now   func() value.Time
	local *networks
	hassh bool // the optional columns are wanted

	rec    schemas.SSH
	uidBuf []byte
	sums   [2][]byte // hassh and hasshServer in hexadecimal
	split  [2][][]byte
}

// An sshState is the state of a connection. Its buffers are reused.
type sshState struct {
	ts             value.Time
	logged         bool
	client, server optText
	auth           value.Opt[bool]
	attempts       uint64

	// The first offer, its lists of names joined by commas.
	offered    bool
	fromServer bool
	offer      [sshLists]optText
	// The outcome of the two offers.
	negotiated                              bool
	cipher, mac, compression, kex, hostAlgo optText
	fingerprint                             optText
	// The inputs of hassh and hasshServer.
	hassh [2]optText
	// held is what offer and hassh take on the connection's account.
	held int
}

// account counts what the offers take.
func (b *ssh) account(c event.Conn, s *sshState) {
	n := cap(s.hassh[0].b) + cap(s.hassh[1].b)
	for i := range s.offer {
		n += cap(s.offer[i].b)
	}
	b.hold(c, n-s.held)
	s.held = n
}

// The lists of an offer that are compared.
const (
	sshKex = iota
	sshHostKey
	sshCipher      // to the server; the next is to the client, and so on
	sshMAC         = sshCipher + 2
	sshCompression = sshMAC + 2
	sshLists       = sshCompression + 2
)

func installSSH(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &ssh{out: out, now: o.Now, local: o.networks(), hassh: o.has(schemas.GroupHASSH)}
	b.init(h, b.ended)
	h.SSH.ClientVersion.Listen(func(e *event.SSHClientVersion) { b.state(e.Conn).client.set(e.Version) })
	h.SSH.ServerVersion.Listen(func(e *event.SSHServerVersion) { b.state(e.Conn).server.set(e.Version) })
	h.SSH.Capabilities.Listen(b.capabilities)
	h.SSH.SSH2ServerHostKey.Listen(b.hostKey)
	h.SSH.AuthAttempted.Listen(b.attempted)
	h.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) {
		if e.AType == "Analyzer::ANALYZER_SSH" {
			b.state(e.Conn)
		}
	})
}

func (b *ssh) state(c event.Conn) *sshState {
	s := b.known(c)
	if s != nil {
		return s
	}
	s = b.add(c)
	s.reset(b.now())
	return s
}

func (s *sshState) reset(now value.Time) {
	s.ts, s.logged, s.attempts, s.auth = now, false, 0, value.Opt[bool]{}
	s.offered, s.negotiated = false, false
	for _, t := range []*optText{
		&s.client, &s.server, &s.cipher, &s.mac, &s.compression, &s.kex, &s.hostAlgo, &s.fingerprint, &s.hassh[0], &s.hassh[1],
	} {
		t.ok = false
	}
}

// sshNames are the lists of an offer.
func sshNames(o *event.SSHOffer) [sshLists][][]byte {
	return [sshLists][][]byte{
		o.KexAlgorithms, o.ServerHostKeyAlgorithms,
		o.EncryptionAlgorithms.ClientToServer.V, o.EncryptionAlgorithms.ServerToClient.V,
		o.MACAlgorithms.ClientToServer.V, o.MACAlgorithms.ServerToClient.V,
		o.CompressionAlgorithms.ClientToServer.V, o.CompressionAlgorithms.ServerToClient.V,
	}
}

// capabilities handles an offer. The second offer decides the outcome.
func (b *ssh) capabilities(e *event.SSHCapabilities) {
	s := b.known(e.Conn)
	if s == nil || s.logged {
		return
	}
	defer b.account(e.Conn, s)
	o := &e.Capabilities
	names := sshNames(o)
	if b.hassh {
		s.noteHASSH(&names, o.IsServer)
	}
	if !s.offered {
		s.offered, s.fromServer = true, o.IsServer
		for i := range names {
			s.offer[i].set(nil)
			s.offer[i].b = appendJoined(s.offer[i].b, names[i])
		}
		return
	}
	if s.fromServer == o.IsServer {
		return
	}
	find := func(i int) []byte {
		b.split[0] = appendSplit(b.split[0][:0], s.offer[i].b)
		if o.IsServer {
			return sshFind(b.split[0], names[i])
		}
		return sshFind(names[i], b.split[0])
	}
	both := func(t *optText, i int) {
		toServer, toClient := find(i), find(i+1)
		t.set(toServer)
		if !bytes.Equal(toServer, toClient) {
			t.b = append(append(t.b[:0], "To server: "...), toServer...)
			t.b = append(append(t.b, ", to client: "...), toClient...)
		}
	}
	both(&s.cipher, sshCipher)
	both(&s.mac, sshMAC)
	both(&s.compression, sshCompression)
	s.kex.set(find(sshKex))
	s.hostAlgo.set(find(sshHostKey))
}

var sshFailed = []byte("Algorithm negotiation failed")

// sshFind returns the first of the client's names that the server has too.
func sshFind(client, server [][]byte) []byte {
	for _, c := range client {
		for _, s := range server {
			if bytes.Equal(c, s) {
				return c
			}
		}
	}
	return sshFailed
}

func appendJoined(dst []byte, names [][]byte) []byte {
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, name...)
	}
	return dst
}

func appendSplit(dst [][]byte, list []byte) [][]byte {
	for more := true; more; {
		var name []byte
		name, list, more = bytes.Cut(list, []byte(","))
		dst = append(dst, name)
	}
	return dst
}

// noteHASSH stores the input of the fingerprint of a side's first offer: its lists for the
// direction in which it sends.
func (s *sshState) noteHASSH(names *[sshLists][][]byte, isServer bool) {
	i := 0
	if isServer {
		i = 1
	}
	t := &s.hassh[i]
	if t.ok {
		return
	}
	t.set(nil)
	t.b = appendJoined(t.b, names[sshKex])
	for _, list := range []int{sshCipher, sshMAC, sshCompression} {
		t.b = appendJoined(append(t.b, ';'), names[list+i])
	}
}

// hostKey handles the server's key. The row has the same part of its hash as Zeek's.
func (b *ssh) hostKey(e *event.SSH2ServerHostKey) {
	s := b.known(e.Conn)
	if s == nil || s.logged {
		return
	}
	const size = 24
	sum := sha256.Sum256(e.Key)
	s.fingerprint.set(nil)
	s.fingerprint.b = base64.StdEncoding.AppendEncode(append(s.fingerprint.b, "SHA256:"...), sum[:size])
}

// attempted handles the outcome of an attempt, which is unreliable where packets are
// compressed. A success writes the row at once.
func (b *ssh) attempted(e *event.SSHAuthAttempted) {
	s := b.known(e.Conn)
	if s == nil || s.logged {
		return
	}
	if !s.compressed() {
		s.auth = value.Some(e.Authenticated)
		s.attempts++
	}
	if e.Authenticated {
		b.write(e.Conn, s)
	}
}

func (s *sshState) compressed() bool {
	name := string(s.compression.b)
	return s.compression.ok && (name == "zlib" || name == "zlib@openssh.com")
}

func (b *ssh) ended(c event.Conn, s *sshState) {
	if !s.logged {
		b.write(c, s)
	}
	for i := range s.offer {
		s.offer[i].trim()
	}
	s.hassh[0].trim()
	s.hassh[1].trim()
	b.hold(c, -s.held)
	s.held = 0
}

func (b *ssh) write(c event.Conn, s *sshState) {
	s.logged = true
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.SSH{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		Version: sshVersion(&s.client, &s.server), AuthSuccess: s.auth, AuthAttempts: s.attempts,
		Client: s.client.column(), Server: s.server.column(),
		CipherAlg: s.cipher.column(), MACAlg: s.mac.column(), CompressionAlg: s.compression.column(),
		KexAlg: s.kex.column(), HostKeyAlg: s.hostAlgo.column(), HostKeyFingerprint: s.fingerprint.column(),
	}
	if orig := b.local.contains(id.OrigH); orig != b.local.contains(id.RespH) {
		b.rec.Direction = value.Some(value.Enum("INBOUND"))
		if orig {
			b.rec.Direction.V = "OUTBOUND"
		}
	}
	if b.hassh {
		b.rec.HASSH, b.rec.HASSHAlgorithms = b.fingerprint(s, 0)
		b.rec.HASSHServer, b.rec.HASSHServerAlgorithms = b.fingerprint(s, 1)
	}
	b.out.Emit(&b.rec)
}

func (b *ssh) fingerprint(s *sshState, i int) (sum, of value.Opt[string]) {
	t := &s.hassh[i]
	if !t.ok {
		return sum, of
	}
	md := md5.Sum(t.b)
	b.sums[i] = hex.AppendEncode(b.sums[i][:0], md[:])
	return value.Some(text(b.sums[i])), t.column()
}

// sshVersion returns the major version that both lines allow. Version 1.99 stands for both.
func sshVersion(client, server *optText) (v value.Opt[uint64]) {
	if !client.ok || !server.ok {
		return v
	}
	x, only1 := sshMajor(client.b)
	y, also1 := sshMajor(server.b)
	switch {
	case x == 0 || y == 0:
	case !only1 && !also1:
		v = value.Some(uint64(2))
	case x == '1' && y == '1':
		v = value.Some(uint64(1))
	}
	return v
}

// sshMajor returns the digit of a line's major version, 0 if it is unknown, and whether it
// is version 1 but not 1.99.
func sshMajor(line []byte) (digit byte, only1 bool) {
	if len(line) < 5 || line[4] != '1' && line[4] != '2' {
		return 0, false
	}
	return line[4], line[4] == '1' && !(len(line) > 7 && line[6] == '9' && line[7] == '9')
}
