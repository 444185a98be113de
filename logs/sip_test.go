package logs

import (
	"strconv"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// sipBench raises the events of messages on one flow.
type sipBench struct {
	*bench
	c *fakeConn
}

func (b *sipBench) request(method string, headers ...string) {
	b.hooks.SIP.Request.Raise(&event.SIPRequest{Conn: b.c, Method: []byte(method), OriginalURI: []byte("sip:b@x"), Version: []byte("2.0")})
	b.rest(true, headers)
}

func (b *sipBench) response(code uint64, reason string, headers ...string) {
	b.hooks.SIP.Reply.Raise(&event.SIPReply{Conn: b.c, Version: []byte("2.0"), Code: code, Reason: []byte(reason)})
	b.rest(false, headers)
}

func (b *sipBench) rest(isOrig bool, headers []string) {
	for i := 0; i < len(headers); i += 2 {
		b.hooks.SIP.Header.Raise(&event.SIPHeader{Conn: b.c, IsOrig: isOrig, Name: []byte(headers[i]), Value: []byte(headers[i+1])})
	}
	b.hooks.SIP.EndEntity.Raise(&event.SIPEndEntity{Conn: b.c, IsOrig: isOrig})
}

func newSIPBench(t *testing.T) *sipBench {
	return &sipBench{newBench(t, "sip"), &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:5060 10.0.0.2:5060"), uid: uid(1)}}
}

func TestSIP(t *testing.T) {
	b := newSIPBench(t)
	row := func(ts int, columns string) string {
		return "sip ts=" + strconv.Itoa(ts) + " uid=C1 id.orig_h=10.0.0.1 id.orig_p=5060 id.resp_h=10.0.0.2 id.resp_p=5060 trans_depth=0 " + columns
	}
	b.request("INVITE", "VIA", "a;branch=1", "V", "b; branch=2", "FROM", "<a>; tag=1", "T", "<b>;tag=2", "CALL-ID", "id", "CSEQ", "1 INVITE",
		"DATE", "d", "REPLY-TO", "r", "S", "s", "USER-AGENT", "u", "L", "7", "X", "y")
	const request = "method=INVITE uri=sip:b@x date=d request_from=<a> request_to=<b>;tag=2"
	const more = " reply_to=r call_id=id seq=1 INVITE subject=s request_path=a,b,"
	b.now = 2e9
	b.response(100, "Trying", "VIA", "a;branch=1")
	b.out.expect(t, row(1, request+more+" response_path=a, user_agent=u status_code=100 status_msg=Trying request_body_len=7"))
	b.response(200, "OK", "VIA", "a", "F", "<a>;tag=1", "TO", "<b>;tag=3", "WARNING", "w", "CONTENT-LENGTH", "x", "C", "text")
	b.out.expect(t, row(1, request+" response_from=<a> response_to=<b>;tag=3"+more+
		" response_path=a,a, user_agent=u status_code=200 status_msg=OK warning=w request_body_len=7 response_body_len=0 content_type=text"))

	// The final response has ended the transaction. A response alone is a row.
	b.response(180, "Ringing")
	b.out.expect(t, row(2, "request_path= response_path= status_code=180 status_msg=Ringing"))
	b.now = 3e9
	b.request("BYE")
	endConn(&b.hooks, b.c)
	b.out.expect(t, row(3, "method=BYE uri=sip:b@x request_path= response_path="))
	endConn(&b.hooks, b.c)
	b.out.expect(t)
}

// TestSIPWeird tests the weirds of base/protocols/sip.
func TestSIPWeird(t *testing.T) {
	b := newSIPBench(t)
	var via []string
	for range maxSIPPath + 2 {
		via = append(via, "VIA", strings.Repeat("a", 100))
	}
	b.request("PUBLISH", via...)
	b.response(200, "OK", via...)
	if n := len(b.c.weirds); n != 5 || b.c.weirds[0] != "unknown_SIP_method" {
		t.Errorf("%d weirds: %s", n, b.c.weirds)
	}
	if b.c.held != 0 {
		t.Errorf("%d bytes are held", b.c.held)
	}
}
