package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// BitTorrentPeerHandshake is raised for the handshake with which each peer begins (BEP 3).
//
//wirelog:event bittorrent_peer_handshake section=BitTorrent
type BitTorrentPeerHandshake struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Reserved []byte `zeek:"reserved"`  // 8 bytes with a bit for each extension; valid inside the call
	InfoHash []byte `zeek:"info_hash"` // 20 bytes that name the torrent; valid inside the call
	PeerID   []byte `zeek:"peer_id"`   // 20 bytes; valid inside the call
}

// BitTorrentPeerKeepAlive is raised for a message of length 0.
//
//wirelog:event bittorrent_peer_keep_alive section=BitTorrent
type BitTorrentPeerKeepAlive struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// BitTorrentPeerChoke is raised for a choke: the peer answers no requests until it unchokes.
//
//wirelog:event bittorrent_peer_choke section=BitTorrent
type BitTorrentPeerChoke struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// BitTorrentPeerUnchoke is raised for an unchoke: the peer answers requests from now on.
//
//wirelog:event bittorrent_peer_unchoke section=BitTorrent
type BitTorrentPeerUnchoke struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// BitTorrentPeerInterested is raised when a peer says that it wants pieces of the other.
//
//wirelog:event bittorrent_peer_interested section=BitTorrent
type BitTorrentPeerInterested struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// BitTorrentPeerNotInterested is raised when a peer says that it wants nothing of the other.
//
//wirelog:event bittorrent_peer_not_interested section=BitTorrent
type BitTorrentPeerNotInterested struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// BitTorrentPeerHave is raised when a peer announces one more complete piece.
//
//wirelog:event bittorrent_peer_have section=BitTorrent
type BitTorrentPeerHave struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	PieceIndex uint64 `zeek:"piece_index"`
}

// BitTorrentPeerBitfield is raised for the message that says which pieces a peer has.
//
//wirelog:event bittorrent_peer_bitfield section=BitTorrent
type BitTorrentPeerBitfield struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Bitfield []byte `zeek:"bitfield"` // a bit for each piece, the highest first; valid inside the call
}

// BitTorrentPeerRequest is raised when a peer asks for a block of a piece.
//
//wirelog:event bittorrent_peer_request section=BitTorrent
type BitTorrentPeerRequest struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Index  uint64 `zeek:"index"`  // of the piece
	Begin  uint64 `zeek:"begin"`  // offset in bytes inside the piece
	Length uint64 `zeek:"length"` // bytes
}

// BitTorrentPeerPiece is raised for a block of a piece, when all of it has been sent.
//
//wirelog:event bittorrent_peer_piece section=BitTorrent
type BitTorrentPeerPiece struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Index       uint64 `zeek:"index"`        // of the piece
	Begin       uint64 `zeek:"begin"`        // offset in bytes inside the piece
	PieceLength uint64 `zeek:"piece_length"` // bytes of the block
}

// BitTorrentPeerCancel is raised when a peer withdraws a request.
//
//wirelog:event bittorrent_peer_cancel section=BitTorrent
type BitTorrentPeerCancel struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Index  uint64 `zeek:"index"`  // of the piece
	Begin  uint64 `zeek:"begin"`  // offset in bytes inside the piece
	Length uint64 `zeek:"length"` // bytes
}

// BitTorrentPeerPort is raised when a peer names the port of its node in the distributed
// hash table (BEP 5).
//
//wirelog:event bittorrent_peer_port section=BitTorrent
type BitTorrentPeerPort struct {
	Conn       Conn       `zeek:"c"`
	IsOrig     bool       `zeek:"is_orig"`
	ListenPort value.Port `zeek:"listen_port"` // a port of UDP; tcp, as in Zeek
}

// BitTorrentPeerUnknown is raised for a message of any other type, such as those of the
// extensions (BEP 6, BEP 10).
//
//wirelog:event bittorrent_peer_unknown section=BitTorrent
type BitTorrentPeerUnknown struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`
	MessageID uint64 `zeek:"message_id"`
	Data      []byte `zeek:"data"` // valid inside the call
}

// BitTorrentPeerWeird is raised when the messages of a peer can no longer be followed.
//
//wirelog:event bittorrent_peer_weird section=BitTorrent
type BitTorrentPeerWeird struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Msg    []byte `zeek:"msg"` // what is wrong; valid inside the call
}

// BTTrackerRequest is raised for a client's HTTP request to a tracker (BEP 3).
//
//wirelog:event bt_tracker_request section=BitTorrent
type BTTrackerRequest struct {
	Conn Conn   `zeek:"c"`
	URI  []byte `zeek:"uri"` // as it was sent; valid inside the call
	// Headers has the headers of the request by their names as they were sent. It is
	// empty, as in Zeek, unless they are asked for. It is valid inside the call.
	Headers Dict[[]byte] `zeek:"headers" type:"bt_tracker_headers"`
}

// BTTrackerResponse is raised for a tracker's answer with status 200, when its dictionary is
// complete.
//
//wirelog:event bt_tracker_response section=BitTorrent
type BTTrackerResponse struct {
	Conn    Conn         `zeek:"c"`
	Status  uint64       `zeek:"status"`
	Headers Dict[[]byte] `zeek:"headers" type:"bt_tracker_headers"` // as in BTTrackerRequest
	// Peers are those of the key peers, in its compact form (BEP 23) or as a list of
	// dictionaries. It is valid inside the call.
	Peers value.Set[BitTorrentPeer] `zeek:"peers" type:"bittorrent_peer_set"`
	// Benc has the other values of the dictionary. It is valid inside the call.
	Benc Dict[BitTorrentBencValue] `zeek:"benc" type:"bittorrent_benc_dir"`
}

// BitTorrentPeer is where a peer listens.
//
//wirelog:record bittorrent_peer
type BitTorrentPeer struct {
	H netip.Addr `zeek:"h"`
	P value.Port `zeek:"p"`
}

// BitTorrentBencValue is a bencoded value (BEP 3). One of the fields is set.
//
//wirelog:record bittorrent_benc_value
type BitTorrentBencValue struct {
	I value.Opt[int64]  `zeek:"i"`
	S value.Opt[[]byte] `zeek:"s"` // valid inside the call
	D value.Opt[[]byte] `zeek:"d"` // a dictionary, bencoded; valid inside the call
	L value.Opt[[]byte] `zeek:"l"` // a list, bencoded; valid inside the call
}

// BTTrackerResponseNotOK is raised for a tracker's answer with another status than 200, after
// its headers.
//
//wirelog:event bt_tracker_response_not_ok section=BitTorrent
type BTTrackerResponseNotOK struct {
	Conn    Conn         `zeek:"c"`
	Status  uint64       `zeek:"status"`                            // 0 if it is not a number
	Headers Dict[[]byte] `zeek:"headers" type:"bt_tracker_headers"` // as in BTTrackerRequest
}

// BTTrackerWeird is raised when a client sends something after its request that is none.
//
//wirelog:event bt_tracker_weird section=BitTorrent
type BTTrackerWeird struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Msg    []byte `zeek:"msg"` // what is wrong; valid inside the call
}
