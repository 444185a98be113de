package smb

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// msg2 builds an SMB2 message from header and body; numbers are little-endian.
func msg2(command uint16, mid uint64, tid uint32, status uint32, body ...any) []byte {
	b := []byte("\xfeSMB")
	for _, v := range append([]any{
		uint16(64), uint16(1), status, command, uint16(1), uint32(0), uint32(0), mid, uint32(0), tid, uint64(7), make([]byte, 16),
	}, body...) {
		b, _ = binary.Append(b, binary.LittleEndian, v)
	}
	return b
}

func frame2(messages ...[]byte) []byte {
	var all []byte
	for i, m := range messages {
		m = bytes.Clone(m)
		if i < len(messages)-1 {
			m = append(m, make([]byte, -len(m)&7)...)
			binary.LittleEndian.PutUint32(m[20:], uint32(len(m)))
		}
		all = append(all, m...)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(all))), all...)
}

const fileTime = uint64(132985152000000000)

func treeConnect(mid uint64, path string) []byte {
	p := wide(path)
	return msg2(cmdTreeConnect, mid, 0, 0, uint16(9), uint16(0), uint16(72), uint16(len(p)), []byte(p))
}

func treeConnected(mid uint64, tid uint32, kind byte) []byte {
	return msg2(cmdTreeConnect, mid, tid, 0, uint16(16), kind, byte(0), [3]uint32{})
}

func create(mid uint64, tid uint32, name string, options uint32) []byte {
	n := wide(name)
	return msg2(cmdCreate, mid, tid, 0, uint16(57), uint16(0), uint32(2), [2]uint64{}, [3]uint32{}, uint32(1), options,
		uint16(120), uint16(len(n)), [2]uint32{}, []byte(n))
}

func created(mid uint64, tid uint32, fid, size uint64) []byte {
	return msg2(cmdCreate, mid, tid, 0, uint16(89), uint16(0), uint32(1), fileTime, fileTime, fileTime, fileTime, size, size,
		uint32(0x20), uint32(0), fid, uint64(0), [2]uint32{})
}

func readFile(mid uint64, tid uint32, fid, offset uint64, n uint32) []byte {
	return msg2(cmdRead, mid, tid, 0, uint16(49), uint16(0), n, offset, fid, uint64(0), [3]uint32{}, [2]uint16{}, byte(0))
}

func contents(mid uint64, tid uint32, b []byte) []byte {
	return msg2(cmdRead, mid, tid, 0, uint16(17), byte(80), byte(0), uint32(len(b)), [2]uint32{}, b)
}

func writeFile(mid uint64, tid uint32, fid, offset uint64, b []byte) []byte {
	return msg2(cmdWrite, mid, tid, 0, uint16(49), uint16(112), uint32(len(b)), offset, fid, uint64(0), [2]uint32{}, [2]uint16{}, uint32(0), b)
}

func written(mid uint64, tid uint32, n int) []byte {
	return msg2(cmdWrite, mid, tid, 0, uint16(17), uint16(0), uint32(n), uint32(0), uint32(0))
}

func closeFile(mid uint64, tid uint32, fid uint64) []byte {
	return msg2(cmdClose, mid, tid, 0, uint16(24), uint16(0), uint32(0), fid, uint64(0))
}

func echo(mid uint64) []byte { return msg2(cmdEcho, mid, 0, 0, uint16(4), uint16(0)) }

type side2 struct {
	isOrig bool
	data   []byte
}

// bench2 is an open connection that records the events of SMB and of files.
func bench2(t testing.TB, o Options) (*testconn.Bench, *[]string) {
	b, lines := testconn.New(t, testconn.Config()), new([]string)
	if _, err := event.NewStream(b.Hooks, func() value.Time { return b.Now }, func(line []byte) {
		var e struct {
			Event string
			Args  map[string]any
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Error(err)
		}
		switch name := e.Event; {
		case name == "analyzer_violation_info":
			*lines = append(*lines, "violation")
		case name == "conn_weird":
			*lines = append(*lines, "weird "+e.Args["name"].(string))
		case name == "smb2_message":
			h := e.Args["hdr"].(map[string]any)
			*lines = append(*lines, fmt.Sprintf("message %v %v", h["command"], h["message_id"]))
		case strings.HasPrefix(name, "smb"), strings.HasPrefix(name, "netbios"):
			delete(e.Args, "hdr")
			args, _ := json.Marshal(e.Args)
			*lines = append(*lines, name+" "+string(args))
		}
	}); err != nil {
		t.Fatal(err)
	}
	b.Hooks.File.StateRemove.Listen(func(e *event.FileStateRemove) {
		total, _ := e.File.TotalBytes()
		*lines = append(*lines, fmt.Sprintf("file seen=%d missing=%d total=%d", e.File.SeenBytes(), e.File.MissingBytes(), total))
	})
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, fm, Inner{}, o)}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 445)
	return b, lines
}

// talk2 is a client that reads one file while it writes another.
func talk2() []side2 {
	text := testconn.Bytes(0, 3000)
	return []side2{
		{true, frame2(treeConnect(1, `\\S\files`))},
		{false, frame2(treeConnected(1, 5, 1))},
		{true, frame2(create(2, 5, "read", 0), create(3, 5, "write", optionDeleteOnClose))},
		{false, frame2(created(2, 5, 11, 3000), created(3, 5, 12, 0))},
		{true, slices.Concat(frame2(readFile(4, 5, 11, 1000, 1000)), frame2(readFile(5, 5, 11, 0, 1000)), frame2(readFile(6, 5, 11, 2000, 1000)))},
		{false, frame2(msg2(cmdRead, 6, 0, statusPending, uint16(9), uint16(0), uint32(0)))},
		{false, frame2(contents(4, 5, text[1000:2000]))},
		{true, frame2(writeFile(7, 5, 12, 500, text[500:1000]))},
		{false, slices.Concat(frame2(contents(5, 5, text[:1000])), frame2(written(7, 5, 500)))},
		{true, frame2(writeFile(8, 5, 12, 0, text[:100]))},
		{false, frame2(contents(6, 5, text[2000:]))},
		{true, slices.Concat(frame2(closeFile(9, 5, 11)), frame2(closeFile(10, 5, 12)))},
	}
}

func play2(b *testconn.Bench, talk []side2, size int) {
	b.Open()
	for _, s := range talk {
		for part := range slices.Chunk(s.data, size) {
			b.Talk(s.isOrig, part)
		}
	}
	b.Close()
	b.Drain()
}

func TestFiles(t *testing.T) {
	b, lines := bench2(t, DefaultOptions())
	play2(b, talk2(), 1<<14)
	for _, want := range []string{
		`smb2_tree_connect_request {"path":"\\\\S\\files"}`,
		`smb2_file_delete {"delete_pending":true,"file_id":{"persistent":12,"volatile":0}}`,
		`smb2_read_request {"file_id":{"persistent":11,"volatile":0},"length":1000,"offset":2000}`,
		"file seen=3000 missing=0 total=3000",
		"file seen=600 missing=400 total=0",
	} {
		if !slices.Contains(*lines, want) {
			t.Errorf("no %s in\n%s", want, strings.Join(*lines, "\n"))
		}
	}
	whole := *lines
	for _, size := range []int{1, 2, 3, 5, 7, 64, 100, 1000} {
		b, lines := bench2(t, DefaultOptions())
		play2(b, talk2(), size)
		if !slices.Equal(*lines, whole) {
			t.Errorf("segments of %d bytes:\n%s", size, strings.Join(*lines, "\n"))
		}
	}
}

func TestViolations(t *testing.T) {
	lying := msg2(cmdWrite, 2, 5, 0, uint16(49), uint16(112), uint32(1<<31-1), [3]uint64{}, [2]uint32{}, [2]uint16{}, uint32(0))
	itself, far := echo(2), echo(2)
	binary.LittleEndian.PutUint32(itself[20:], 4)
	binary.LittleEndian.PutUint32(far[20:], 1<<32-256)
	for name, m := range map[string][]byte{
		"a length that lies": lying, "a compound in itself": itself, "a compound far away": far, "no header": lying[:40],
	} {
		b, lines := bench2(t, DefaultOptions())
		play2(b, []side2{{true, frame2(echo(1))}, {true, frame2(m)}, {true, frame2(echo(3))}}, 1<<14)
		if !slices.Contains(*lines, "violation") || slices.Contains(*lines, "message 13 3") {
			t.Errorf("%s: %q", name, *lines)
		}
	}
}

func TestLimits(t *testing.T) {
	count := func(lines []string, s string) (n int) {
		for _, l := range lines {
			if strings.HasPrefix(l, s) {
				n++
			}
		}
		return n
	}
	o := DefaultOptions()
	o.Pending, o.Files, o.Trees, o.Compound = 100, 10, 10, 4
	b, lines := bench2(t, o)
	b.Open()
	for i := range uint64(250) {
		b.Talk(true, frame2(echo(i)))
	}
	if n := count(*lines, "smb2_discarded_messages_state"); n != 2 {
		t.Errorf("requests discarded %d times", n)
	}
	for i := range uint64(15) {
		b.Talk(true, frame2(readFile(300+i, uint32(1+i), 1000+i, 0, 1)))
	}
	if count(*lines, "weird SMB_too_many_files") != 1 || count(*lines, "weird SMB_too_many_trees") != 1 {
		t.Errorf("%q", *lines)
	}
	*lines = nil
	b.Talk(true, frame2(echo(1), echo(2), echo(3), echo(4), echo(5)))
	if count(*lines, "message") != 4 || count(*lines, "weird SMB2_compound_too_long") != 1 {
		t.Errorf("%q", *lines)
	}
}

func TestNetBIOS(t *testing.T) {
	packet := func(kind byte, s string) []byte {
		return append([]byte{kind, 0, 0, byte(len(s))}, s...)
	}
	b, lines := bench2(t, DefaultOptions())
	b.Server = netip.AddrPortFrom(b.Server.Addr(), netbiosPort)
	play2(b, []side2{
		{true, packet(sessionRequest, "\x04FDCA")},
		{false, packet(0x82, "")},
		{true, frame2(echo(1))},
		{true, packet(sessionKeepAlive, "")},
		{true, frame2([]byte("raw bytes"))},
		{false, packet(0x83, "\x82")},
		{false, packet(0x84, "\x01\x02\x03\x04\x00\x8b")},
		{false, packet(0x77, "")},
	}, 3)
	for _, want := range []string{
		`netbios_session_message {"data_len":5,"is_orig":true,"msg_type":129}`,
		`netbios_session_request {"msg":"S "}`,
		`netbios_session_accepted {"msg":""}`,
		`netbios_session_keepalive {"msg":""}`,
		`netbios_session_raw_message {"is_orig":true,"msg":"raw bytes"}`,
		`netbios_session_rejected {"msg":"\\x82"}`,
		`netbios_session_ret_arg_resp {"msg":"\\x01\\x02\\x03\\x04\\x00\\x8b"}`,
		"message 13 1",
		"weird unknown_netbios_type",
	} {
		if !slices.Contains(*lines, want) {
			t.Errorf("no %s in\n%s", want, strings.Join(*lines, "\n"))
		}
	}
}

// FuzzSMB2 checks that segmentation makes no difference and that nothing panics.
func FuzzSMB2(f *testing.F) {
	var orig, resp []byte
	for _, s := range talk2() {
		if s.isOrig {
			orig = append(orig, s.data...)
		} else {
			resp = append(resp, s.data...)
		}
	}
	f.Add(orig, resp, uint8(3))
	f.Add(frame2(echo(1), echo(2)), []byte{}, uint8(1))
	f.Fuzz(func(t *testing.T, orig, resp []byte, size uint8) {
		if len(orig)+len(resp) > 6000 {
			return // in longer input a violation leads to resynchronization, which depends on segments
		}
		run := func(size int) ([]string, conn.Stats) {
			b, lines := bench2(t, DefaultOptions())
			play2(b, []side2{{true, orig}, {false, resp}}, size)
			return *lines, b.Table.Stats()
		}
		// Resynchronization depends on segments, so the input must start with a message, and
		// not in a frame of another type, after which the boundaries are lost.
		begins := func(b []byte) bool { return startsMessage(b) && b[0] == sessionMessage }
		if !begins(orig) || len(resp) > 0 && !begins(resp) {
			run(int(size) + 1)
			return
		}
		whole, stats := run(1 << 14)
		cut, stats2 := run(max(int(size%64)+1, (len(orig)+len(resp))/90+1))
		if stats.Panics+stats2.Panics != 0 {
			t.Fatal("panic")
		}
		if !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}
