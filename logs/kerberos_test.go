package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// krbCertificate is the file of a certificate that Kerberos carries.
type krbCertificate struct {
	event.File
	source string
	n      uint64
}

func (f *krbCertificate) FUID() value.UID { return value.MakeUID('F', 0, f.n) }
func (f *krbCertificate) Source() string  { return f.source }

// krbTalk raises the events of one connection.
type krbTalk struct {
	*bench
	c *fakeConn
}

func newKRBTalk(t *testing.T) *krbTalk {
	return &krbTalk{newBench(t, "kerberos"), &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:1024 10.0.0.2:88"), uid: uid(1)}}
}

const krbBegin = "kerberos ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=88"

func (k *krbTalk) asRequest(client string) {
	name, realm := []byte(client), []byte("R")
	k.hooks.KRB.ASRequest.Raise(&event.KRBASRequest{Conn: k.c, Msg: event.KRBKDCRequest{
		ClientName: value.Some(name), ServiceRealm: value.Some(realm), ServiceName: value.Some([]byte("krbtgt/R")),
		Till:       value.Some(value.Time(9e9)),
		KDCOptions: value.Some(event.KRBKDCOptions{Forwardable: true}),
	}})
	copy(name, "????????")
	copy(realm, "?")
}

func (k *krbTalk) failed(m event.KRBErrorMsg) {
	k.hooks.KRB.Error.Raise(&event.KRBError{Conn: k.c, Msg: m})
}

func (k *krbTalk) removed() {
	endConn(&k.hooks, k.c)
}

// certificate transfers certificate n; without a subject it cannot be parsed.
func (k *krbTalk) certificate(source string, n uint64, isOrig bool, subject string) {
	f := &krbCertificate{source: source, n: n}
	k.hooks.File.OverNewConnection.Raise(&event.FileOverNewConnection{File: f, Conn: k.c, IsOrig: isOrig})
	if subject != "" {
		e := &event.X509Certificate{File: f}
		e.Cert.Subject = subject
		k.hooks.X509.Certificate.Raise(e)
	}
}

func TestKerberos(t *testing.T) {
	k := newKRBTalk(t)
	k.asRequest("alice")
	k.now = 2e9
	rep := event.KRBKDCResponse{ClientName: []byte("bob"), ClientRealm: value.Some([]byte("Q"))}
	rep.Ticket.ServiceName, rep.Ticket.Cipher = []byte("krbtgt/Q"), 18
	k.hooks.KRB.ASResponse.Raise(&event.KRBASResponse{Conn: k.c, Msg: rep})
	k.out.expect(t, krbBegin+" request_type=AS client=alice/R service=krbtgt/Q success=true till=9 cipher=aes256-cts-hmac-sha1-96 forwardable=true renewable=false")

	// Later messages add no row.
	k.asRequest("carol")
	k.failed(event.KRBErrorMsg{ErrorCode: 24})
	k.removed()
	k.out.expect(t)

	// The connection that reuses the state inherits nothing.
	k.now = 1e9
	rep.Ticket.Cipher = 99
	k.hooks.KRB.TGSResponse.Raise(&event.KRBTGSResponse{Conn: k.c, Msg: rep})
	k.out.expect(t, krbBegin+" client=bob/Q service=krbtgt/Q success=true cipher=unknown-99")
	k.removed()

	k.hooks.KRB.TGSRequest.Raise(&event.KRBTGSRequest{Conn: k.c, Msg: event.KRBKDCRequest{
		ServiceName: value.Some([]byte("host/s")), From: value.Some(value.Time(3e9))}})
	k.removed()
	k.out.expect(t, krbBegin+" request_type=TGS service=host/s from=3")
	k.removed()
	k.out.expect(t)
}

func TestKerberosErrors(t *testing.T) {
	client, realm := value.Some([]byte("alice")), value.Some([]byte("R"))
	for _, c := range []struct {
		name string
		msg  event.KRBErrorMsg
		want string
	}{
		{"a text", event.KRBErrorMsg{ErrorCode: 24, ErrorText: value.Some([]byte("PREAUTH_FAILED")), ClientName: client, ClientRealm: realm}, " client=alice/R success=false error_msg=PREAUTH_FAILED"},
		{"a code", event.KRBErrorMsg{ErrorCode: 18, ClientRealm: realm, ServiceName: client}, " client=R service=alice success=false error_msg=KDC_ERR_CLIENT_REVOKED"},
		{"an unknown code", event.KRBErrorMsg{ErrorCode: 1000, ClientName: client}, " client=alice/ success=false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKRBTalk(t)
			k.failed(c.msg)
			k.out.expect(t, krbBegin+c.want)
		})
	}
}

// A request for pre-authentication is not a refusal; it drops the request.
func TestKerberosPreauthentication(t *testing.T) {
	for _, text := range []string{"NEEDED_PREAUTH", "Need to use PA-ENC-TIMESTAMP/PA-PK-AS-REQ"} {
		k := newKRBTalk(t)
		k.asRequest("alice")
		k.failed(event.KRBErrorMsg{ErrorCode: 25, ErrorText: value.Some([]byte(text))})
		k.removed()
		k.out.expect(t)
		k.failed(event.KRBErrorMsg{ErrorCode: 25})
		k.out.expect(t, krbBegin+" success=false error_msg=KDC_ERR_PREAUTH_REQUIRED")
	}
}

func TestKerberosCertificates(t *testing.T) {
	k := newKRBTalk(t)
	k.certificate("SSL", 9, true, "CN=nobody")
	k.removed()
	k.out.expect(t)

	k.certificate("KRB", 1, true, "CN=alice")
	k.asRequest("alice")
	k.certificate("KRB", 2, false, "CN=kdc")
	k.failed(event.KRBErrorMsg{ErrorCode: 62})
	k.out.expect(t, krbBegin+" request_type=AS client=alice/R service=krbtgt/R success=false error_msg=KDC_ERROR_CLIENT_NOT_TRUSTED till=9 forwardable=true renewable=false"+
		" client_cert_subject=CN=alice client_cert_fuid=F1 server_cert_subject=CN=kdc server_cert_fuid=F2")
	k.removed()

	// The certificate of another file is not the one that cannot be parsed.
	k.certificate("KRB_TCP", 3, true, "")
	k.hooks.X509.Certificate.Raise(&event.X509Certificate{File: &krbCertificate{source: "KRB_TCP", n: 4}})
	k.removed()
	k.out.expect(t, krbBegin+" client_cert_fuid=F3")
}
