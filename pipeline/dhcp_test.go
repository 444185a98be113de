package pipeline

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
)

// dhcpMessage builds a message of a type with a transaction identifier.
func dhcpMessage(op, typ byte, xid uint32, yours netip.Addr) []byte {
	b := make([]byte, 240, 244)
	b[0], b[1], b[2] = op, 1, 6
	binary.BigEndian.PutUint32(b[4:], xid)
	a := yours.As4()
	copy(b[16:], a[:])
	b[28], b[33] = 2, byte(xid)
	copy(b[236:], "\x63\x82\x53\x63")
	return append(b, 53, 1, typ, 255)
}

// dhcpCapture has transactions of hundreds of clients, each over three pairs of hosts, which
// overlap, and of which some come again later, with the same identifier.
func dhcpCapture(t *testing.T) string {
	w := newPcap(packet.LinkRaw)
	none := netip.IPv4Unspecified()
	at := func(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }
	server, all := netip.AddrFrom4([4]byte{10, 0, 0, 1}), netip.AddrFrom4([4]byte{255, 255, 255, 255})
	us := int64(1_700_000_000e6)
	for i := range uint32(400) {
		xid := i % 150
		client := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		for step, p := range [][]byte{
			testconn.UDP(at(none, 68), at(all, 67), dhcpMessage(1, 1, xid, none)),
			testconn.UDP(at(server, 67), at(client, 68), dhcpMessage(2, 2, xid, client)),
			testconn.UDP(at(server, 67), at(all, 68), dhcpMessage(2, 5, xid, client)),
			testconn.UDP(at(client, 68), at(server, 67), dhcpMessage(1, 7, xid, none)),
		} {
			w.add(us+int64(step)*2_100_000, p) // packets need not be in order
		}
		us += 190_000
	}
	path := filepath.Join(t.TempDir(), "dhcp.pcap")
	if err := os.WriteFile(path, w.b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// The rows of dhcp.log do not depend on which shard sees which flow of a transaction.
func TestDHCPOnShards(t *testing.T) {
	path := dhcpCapture(t)
	sameForShards(t, "many transactions", []string{path}, []int{2, 3, 8}, nil)
	out := runOn(t, []string{path}, nil)
	rows := out.rows("dhcp")
	whole := 0
	for _, r := range rows {
		if strings.Contains(r, "\tDISCOVER,OFFER,ACK,RELEASE\t") {
			whole++
		}
	}
	if whole < 200 {
		t.Errorf("%d of %d rows are of whole transactions", whole, len(rows))
	}
}

// Beyond the limit, the oldest transaction is written early.
func TestDHCPTransactionLimit(t *testing.T) {
	path := dhcpCapture(t)
	few := func(o *Options) { o.Rows.DHCPTransactions = 5 }
	sameForShards(t, "few transactions", []string{path}, []int{3}, few)
	out := runOn(t, []string{path}, few)
	if !slices.ContainsFunc(out.summary.Dropped, func(d Drop) bool {
		return d.Unit == UnitState && d.Where == "DHCP" && d.Reason == "transactions" && d.Count > 100 && !d.Lost
	}) {
		t.Errorf("%+v", out.summary.Dropped)
	}
}
