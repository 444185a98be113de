//go:build !poison

package ldap

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// session returns a function that plays a bind and 20 searches with an entry each on a new
// analyzer, the number of messages, and their size in bytes. If cut is set, they come in two
// segments.
func session(t testing.TB, cut bool) (play func(), messages, size int) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.LDAP.Message.Listen(func(*event.LDAPMessage) {})
	b.Hooks.LDAP.BindRequest.Listen(func(*event.LDAPBindRequest) {})
	b.Hooks.LDAP.SearchRequest.Listen(func(*event.LDAPSearchRequest) {})
	b.Hooks.LDAP.SearchResultEntry.Listen(func(*event.LDAPSearchResultEntry) {})
	p, _ := New(b.Hooks, Inner{}, Options{})
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	talk := []string{">" + bind, "<" + result(1, 0x61, 0)}
	attrs := ""
	for _, name := range []string{"objectClass", "cn", "sn", "mail", "uid"} {
		attrs += seq(str(name), el(0x31, str("value one"), str("value two")))
	}
	for id := byte(2); id < 22; id++ {
		talk = append(talk, ">"+search(id, el(0xa0, eq("objectClass", "person"), el(0xa1, eq("uid", "clerk"), el(0xa4, str("cn"), seq(el(0x81, "lar"))))), str("cn"), str("mail")),
			"<"+msg(id, 0x64, str("uid=clerk,ou=people,dc=example,dc=test"), seq(attrs)), "<"+result(id, 0x65, 0))
	}
	segments := make([][]byte, len(talk))
	for i, s := range talk {
		segments[i] = []byte(s[1:])
		size += len(segments[i])
	}
	return func() {
		a := p.New(b.Table.Nested(c, &p.Protocol))
		for i, s := range segments {
			n := 0
			if cut {
				n = len(s) / 2
			}
			a.Data(talk[i][0] == '>', s[:n])
			a.Data(talk[i][0] == '>', s[n:])
		}
		a.Done()
	}, len(talk), size
}

func TestAllocations(t *testing.T) {
	for _, cut := range []bool{false, true} {
		play, _, _ := session(t, cut)
		play()
		if n := testing.AllocsPerRun(100, play); n > 0 {
			t.Errorf("%v allocations, cut %t", n, cut)
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	play, messages, size := session(b, false)
	b.SetBytes(int64(size / messages))
	b.ReportAllocs()
	for n := 0; n < b.N; n += messages {
		play()
	}
}
