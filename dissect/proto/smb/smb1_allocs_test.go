//go:build !poison

package smb

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// smb1Open returns an analyzer of a connection with an open file, and listens to the events of
// reads and writes.
func smb1Open(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 445)
	h := &b.Hooks.SMB
	h.SMB1Message.Listen(func(*event.SMB1Message) {})
	h.SMB1ReadAndXRequest.Listen(func(*event.SMB1ReadAndXRequest) {})
	h.SMB1ReadAndXResponse.Listen(func(*event.SMB1ReadAndXResponse) {})
	h.SMB1WriteAndXRequest.Listen(func(*event.SMB1WriteAndXRequest) {})
	h.SMB1WriteAndXResponse.Listen(func(*event.SMB1WriteAndXResponse) {})
	h.SMB1Trans2QueryPathInfoRequest.Listen(func(*event.SMB1Trans2QueryPathInfoRequest) {})
	p := New(b.Hooks, files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {}), Inner{}, DefaultOptions())
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := p.New(b.Table.Nested(c, &p.Protocol))
	create := words(none+"\x00"+n16(4)+strings.Repeat("\x00", 41), "\x00"+wide("\\f\x00"))
	created := words(none+"\x00"+n16(5)+strings.Repeat("\x00", 61), "")
	a.Data(true, []byte(smb1(smb1NTCreateAndX, unicode, create)))
	a.Data(false, []byte(smb1(smb1NTCreateAndX, unicode, created)))
	return a
}

const smb1Block = 4096 // bytes per read or write

var (
	smb1Read     = []byte(smb1(smb1ReadAndX, unicode, words(none+n16(5)+n32(smb1Block)+n16(smb1Block)+n16(smb1Block)+n32(-1)+n16(0)+n32(0), "")))
	smb1ReadDone = []byte(smb1(smb1ReadAndX, unicode, words(none+n16(0)+n16(0)+n16(0)+n16(smb1Block)+n16(60)+n16(0)+strings.Repeat("\x00", 8), "\x00"+strings.Repeat("r", smb1Block))))
	smb1Write    = []byte(smb1(smb1WriteAndX, unicode, words(none+n16(5)+n32(0)+n32(0)+n16(0)+n16(0)+n16(0)+n16(smb1Block)+n16(64)+n32(0), "\x00"+strings.Repeat("w", smb1Block))))
	smb1Written  = []byte(smb1(smb1WriteAndX, unicode, words(none+n16(smb1Block)+n16(0)+n16(0)+n16(0), "")))
	smb1Query    = []byte(smb1(smb1Transaction2, unicode, trans(n16(trans2QueryPathInformation), "", n16(263)+n32(0)+wide("\\a\\path\\to a\\file.txt\x00"), "")))
	smb1Queried  = []byte(smb1(smb1Transaction2, unicode, words(n16(0)+n16(4)+n16(0)+n16(0)+n16(55)+n16(0)+n16(4)+n16(55)+n16(0)+"\x00\x00", "data")))
)

func TestSMB1Allocations(t *testing.T) {
	a := smb1Open(t)
	for name, talk := range map[string][2][]byte{
		"read": {smb1Read, smb1ReadDone}, "write": {smb1Write, smb1Written}, "query": {smb1Query, smb1Queried},
	} {
		if n := testing.AllocsPerRun(200, func() {
			a.Data(true, talk[0])
			a.Data(false, talk[1])
		}); n > 0 {
			t.Errorf("%v allocations per %s", n, name)
		}
	}
}

// BenchmarkSMB1Read measures a read request and its response, with the file.
func BenchmarkSMB1Read(b *testing.B) { benchmarkSMB1(b, smb1Read, smb1ReadDone) }

// BenchmarkSMB1Write measures a write request and its response.
func BenchmarkSMB1Write(b *testing.B) { benchmarkSMB1(b, smb1Write, smb1Written) }

// BenchmarkSMB1Query measures a path query transaction and its response.
func BenchmarkSMB1Query(b *testing.B) { benchmarkSMB1(b, smb1Query, smb1Queried) }

func benchmarkSMB1(b *testing.B, request, response []byte) {
	a := smb1Open(b)
	b.SetBytes(int64(len(request) + len(response)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, request)
		a.Data(false, response)
	}
}
