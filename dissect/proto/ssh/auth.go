package ssh

import "github.com/wirelog/wirelog/dissect/event"

// auth infers the outcome of a client's authentication from the sizes of the server's
// encrypted messages. Cipher and MAC add the same to each message, but the messages differ
// in length: SSH_MSG_SERVICE_ACCEPT takes 24 bytes, SSH_MSG_USERAUTH_SUCCESS 8, and
// SSH_MSG_USERAUTH_FAILURE depends on the list of methods (RFC 4252 section 5.1). A segment
// is taken for a message.
type auth struct {
	clientSpoke bool
	accept      int // the size of the answer to the service request
	failure     int // the size of a refusal
	banner      bool
	decided     bool
}

const (
	// successSmaller is the number of bytes by which SSH_MSG_USERAUTH_SUCCESS is smaller
	// than SSH_MSG_SERVICE_ACCEPT.
	successSmaller = 16
	// bannerLarger is the number of bytes by which the first answer to an authentication
	// must exceed SSH_MSG_SERVICE_ACCEPT to be taken for a banner (RFC 4252 section 5.4).
	bannerLarger = 256
)

// outcome is what a size reveals.
type outcome uint8

const (
	outcomeNone outcome = iota
	outcomeFailure
	outcomeSuccess
	outcomeFree // success without authentication
)

// size evaluates an encrypted segment of n bytes.
func (s *auth) size(isOrig bool, n int) outcome {
	switch {
	case s.decided:
	case isOrig:
		s.clientSpoke = true
	case !s.clientSpoke:
	case s.accept == 0:
		s.accept = n
	case s.failure == 0 && n+successSmaller == s.accept:
		s.decided = true
		return outcomeFree
	case s.failure == 0 && !s.banner && n-s.accept > bannerLarger:
		s.banner = true
	case s.failure == 0:
		s.failure = n
	case n == s.failure:
		return outcomeFailure
	case n+successSmaller == s.accept:
		s.decided = true
		return outcomeSuccess
	}
	return outcomeNone
}

// encrypted handles n encrypted bytes of a side.
func (a *analyzer) encrypted(isOrig bool, n int) {
	if e := a.f.hooks.EncryptedPacket.Begin(); e != nil {
		*e = event.SSHEncryptedPacket{Conn: a.Conn(), Orig: isOrig, Len: uint64(n)}
		a.f.hooks.EncryptedPacket.Raise(e)
	}
	if a.version != version2 {
		return
	}
	o := a.auth.size(isOrig, n)
	if o == outcomeNone {
		return
	}
	if e := a.f.hooks.AuthAttempted.Begin(); e != nil {
		*e = event.SSHAuthAttempted{Conn: a.Conn(), Authenticated: o != outcomeFailure}
		a.f.hooks.AuthAttempted.Raise(e)
	}
	if o == outcomeFailure {
		return
	}
	if e := a.f.hooks.AuthSuccessful.Begin(); e != nil {
		*e = event.SSHAuthSuccessful{Conn: a.Conn(), AuthMethodNone: o == outcomeFree}
		a.f.hooks.AuthSuccessful.Raise(e)
	}
	// With compression sizes reveal nothing: the events are raised, but Zeek's scripts
	// ignore them.
	if a.f.opt.Detach && !a.compressed && a.confirmed || !a.f.hooks.EncryptedPacket.On() {
		a.succeeded, a.packetNum = true, a.PacketNum()
	}
}
