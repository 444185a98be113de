//go:build !poison

package bittorrent

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// quiet returns what makes analyzers of one connection, with listeners that do nothing.
func quiet(t testing.TB) (newPeer, newTracker func() conn.Analyzer) {
	b, peers, trackers := newBench(t, testconn.Config(), DefaultOptions())
	h := &b.Hooks.BitTorrent
	h.PeerHandshake.Listen(func(*event.BitTorrentPeerHandshake) {})
	h.PeerHave.Listen(func(*event.BitTorrentPeerHave) {})
	h.PeerBitfield.Listen(func(*event.BitTorrentPeerBitfield) {})
	h.PeerRequest.Listen(func(*event.BitTorrentPeerRequest) {})
	h.PeerPiece.Listen(func(*event.BitTorrentPeerPiece) {})
	h.PeerUnknown.Listen(func(*event.BitTorrentPeerUnknown) {})
	h.BTTrackerRequest.Listen(func(*event.BTTrackerRequest) {})
	h.BTTrackerResponse.Listen(func(*event.BTTrackerResponse) {})
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return func() conn.Analyzer { return peers.New(b.Table.Nested(c, &peers.Protocol)) },
		func() conn.Analyzer { return trackers.New(b.Table.Nested(c, &trackers.Protocol)) }
}

// peerTalk is what a peer sends.
var peerTalk = []byte(shake + message(bitfield, strings.Repeat("\xff", 100)) + message(have, "\x00\x00\x00\x07") +
	message(request, "\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03") +
	message(piece, "\x00\x00\x00\x01\x00\x00\x00\x02"+strings.Repeat("x", 4000)) + message(20, "\x00d1:md11:ut_metadatai1eee"))

var (
	announcement = []byte(get)
	answer       = []byte(ok + "d8:completei1e10:incompletei2e8:intervali1800e5:peers60:" + strings.Repeat("\x0a\x00\x00\x02\x1a\xe2", 10) + "e")
	longAnswer   = []byte(ok + "d5:peersl" + strings.Repeat("d2:ip9:192.0.2.94:porti6881e7:peer id20:-ZZ0001-abcdefghijkle", 10) + "ee")
)

// TestAllocations checks that conversations allocate nothing, whole or in parts.
func TestAllocations(t *testing.T) {
	newPeer, newTracker := quiet(t)
	inParts := func(a conn.Analyzer, isOrig bool, b []byte, n int) {
		for len(b) > 0 {
			k := min(n, len(b))
			a.Data(isOrig, b[:k])
			b = b[k:]
		}
	}
	for _, n := range []int{1 << 20, 50} {
		session := func() {
			a := newPeer()
			inParts(a, true, peerTalk, n)
			inParts(a, false, peerTalk, n)
			a.Done()
			a = newTracker()
			for range 3 {
				inParts(a, true, announcement, n)
				inParts(a, false, answer, n)
				inParts(a, false, longAnswer, n)
			}
			a.Done()
		}
		session()
		if got := testing.AllocsPerRun(100, session); got > 0 {
			t.Errorf("in pieces of %d: %v allocations a conversation", n, got)
		}
	}
}

func BenchmarkPeer(bm *testing.B) {
	newPeer, _ := quiet(bm)
	a := newPeer()
	a.Data(true, []byte(shake))
	messages := []byte(message(have, "\x00\x00\x00\x07") + message(request, "\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03"))
	bm.ReportAllocs()
	for bm.Loop() {
		a.Data(true, messages) // two messages
	}
}

func BenchmarkTracker(bm *testing.B) {
	_, newTracker := quiet(bm)
	a := newTracker()
	bm.ReportAllocs()
	for bm.Loop() {
		a.Data(true, announcement)
		a.Data(false, answer) // a request and an answer with ten peers
	}
}
