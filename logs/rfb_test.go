package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestRFB(t *testing.T) {
	b := newBench(t, "rfb")
	h := &b.hooks.RFB
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:5900"), uid: uid(1)}
	const begin = "rfb ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=5900"
	versions := func() {
		b.now = 1e9
		minor := []byte("008")
		h.ServerVersion.Raise(&event.RFBServerVersion{Conn: c, MajorVersion: []byte("003"), MinorVersion: minor})
		copy(minor, "xxx")
		b.now = 2e9
		h.ClientVersion.Raise(&event.RFBClientVersion{Conn: c, MajorVersion: []byte("003"), MinorVersion: []byte("007")})
	}
	const version = " client_major_version=003 client_minor_version=007 server_major_version=003 server_minor_version=008"

	versions()
	h.AuthenticationType.Raise(&event.RFBAuthenticationType{Conn: c, AuthType: 2})
	h.AuthResult.Raise(&event.RFBAuthResult{Conn: c, Result: true})
	endConn(&b.hooks, c)
	b.out.expect(t, begin+version+" authentication_method=VNC auth=false")

	versions()
	h.AuthenticationType.Raise(&event.RFBAuthenticationType{Conn: c, AuthType: 5})
	h.AuthResult.Raise(&event.RFBAuthResult{Conn: c})
	h.ShareFlag.Raise(&event.RFBShareFlag{Conn: c, Flag: true})
	for range 2 {
		h.ServerParameters.Raise(&event.RFBServerParameters{Conn: c, Name: []byte("desk"), Width: 640, Height: 480})
	}
	b.out.expect(t, begin+version+" authentication_method=RealVNC auth=true share_flag=true desktop_name=desk width=640 height=480")
	endConn(&b.hooks, c)
	b.out.expect(t)
}
