package smb

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

// reply, request2 and body2 build messages with a body of size bytes, filled in by set.
func reply(command uint16, size int, set func(body []byte)) side2 {
	return side2{false, body2(command, size, set)}
}

func request2(command uint16, size int, set func(body []byte)) side2 {
	return side2{true, body2(command, size, set)}
}

func body2(command uint16, size int, set func(body []byte)) []byte {
	b := make([]byte, size)
	if set != nil {
		set(b)
	}
	return msg2(command, 2, 5, 0, b)
}

func put16(at int, v uint16) func([]byte) {
	return func(b []byte) { binary.LittleEndian.PutUint16(b[at:], v) }
}

func put32(pairs ...uint32) func([]byte) {
	return func(b []byte) {
		for i := 0; i < len(pairs); i += 2 {
			binary.LittleEndian.PutUint32(b[pairs[i]:], pairs[i+1])
		}
	}
}

// notify builds a change notification for the given names, each entry padded to a multiple of
// pad bytes.
func notify(pad int, names ...string) side2 {
	var b []byte
	for i, name := range names {
		entry := binary.LittleEndian.AppendUint32(nil, 0)
		entry = binary.LittleEndian.AppendUint32(entry, 1)
		entry = binary.LittleEndian.AppendUint32(entry, uint32(2*len(name)))
		entry = append(entry, wide(name)...)
		if i < len(names)-1 {
			entry = append(entry, make([]byte, (pad-len(entry)%pad)%pad)...)
			binary.LittleEndian.PutUint32(entry, uint32(len(entry)))
		}
		b = append(b, entry...)
	}
	return side2{false, msg2(cmdChangeNotify, 2, 5, 0, uint16(9), uint16(72), uint32(len(b)), b)}
}

// contexts311 builds a version 3.1.1 reply with a list of negotiate contexts.
func contexts311(count uint16, offset uint32, list string) side2 {
	return reply(cmdNegotiate, 64+len(list), func(b []byte) {
		put16(4, dialect311)(b)
		put16(6, count)(b)
		put32(60, offset)(b)
		copy(b[64:], list)
	})
}

func setInfo(kind, class uint8, buffer string) side2 {
	return request2(cmdSetInfo, 32+len(buffer), func(b []byte) {
		b[2], b[3] = kind, class
		put16(8, 96)(b)
		copy(b[32:], buffer)
	})
}

// TestMalformed2 tests malformed messages and the words of Zeek's generated parser for them.
func TestMalformed2(t *testing.T) {
	for _, tt := range []struct {
		name string
		side2
		want string // "" if well-formed
	}{
		{"header", side2{true, msg2(cmdEcho, 1, 0, 0)[:47]}, "SMB2_Header:session_id: 44 > 43"},
		{"signature", side2{true, msg2(cmdEcho, 1, 0, 0)[:48]}, "SMB2_Header:signature: 60 > 44"},
		{"error", side2{false, msg2(cmdRead, 1, 0, 0xc0000022, [7]byte{})}, "SMB2_error_response:byte_count: 8 > 7"},
		{"error data", side2{false, msg2(cmdRead, 1, 0, 0xc0000022, uint32(9), uint32(2), byte(0))}, "SMB2_error_response:stuff: 10 > 9"},
		{"echo", request2(cmdEcho, 3, nil), "SMB2_echo_request: 4 > 3"},
		{"close", reply(cmdClose, 59, nil), "SMB2_close_response: 60 > 59"},
		{"create, first part", request2(cmdCreate, 15, nil), "SMB2_create_request:flags: 16 > 15"},
		{"create, name", request2(cmdCreate, 60, func(b []byte) { put16(44, 120)(b); put16(46, 8)(b) }), "SMB2_string:s: 8 > 4"},
		{"create, name far away", request2(cmdCreate, 60, put16(44, 130)), "SMB2_create_request:filename_pad: 66 > -6"},
		{"create, contexts in the header", reply(cmdCreate, 90, put32(80, 8)), "SMB2_create_response:context_pad: -56 > 146"},
		{"create, contexts", reply(cmdCreate, 90, put32(80, 152, 84, 4)), "SMB2_create_response:contexts: 92 > 90"},
		{"read", reply(cmdRead, 16, func(b []byte) { b[2] = 80; put32(4, 1<<31)(b) }), "SMB2_read_response:data: -2147483632 > 16"},
		{"lock", request2(cmdLock, 43, put16(2, 1)), "SMB2_lock_request:locks: 1 > 19"},
		{"locks", request2(cmdLock, 64, put16(2, 2)), ""},
		{"ioctl, buffer further on", request2(cmdIoctl, 80, put32(24, 128, 28, 8)), "SMB2_ioctl_request:pad1: 48 > 80"},
		{"ioctl, buffer further back", request2(cmdIoctl, 80, put32(24, 116, 28, 20)), ""},
		{"ioctl, output after padding", reply(cmdIoctl, 80, put32(24, 112, 28, 4, 32, 120, 36, 4)), "SMB2_ioctl_response:pad2: 48 > 80"},
		{"ioctl, output at once", reply(cmdIoctl, 80, put32(24, 112, 28, 8, 32, 120, 36, 4)), ""},
		{"notification", notify(4, "a.txt"), ""},
		{"notifications without padding", notify(1, "odd", "file.txt"), ""},
		{"notifications of whole words", notify(4, "even", "file.txt"), ""},
		{"notifications with padding", notify(4, "odd", "file.txt"), "SMB2_string:s: 1048576 > 18"},
		{"notification that is cut", reply(cmdChangeNotify, 15, func(b []byte) { put16(2, 72)(b); put32(4, 7)(b) }), "SMB2_File_Notify_Information:filename_len: 12 > 7"},
		{"no contexts", contexts311(0, 128, ""), ""},
		{"contexts that begin in the header", contexts311(0, 0, ""), "SMB2_negotiate_response:pad1: -64 > 128"},
		{"context", contexts311(1, 128, "\x09\x00\x02\x00\x00\x00\x00\x00x"), "SMB3_negotiate_context_value:unknown_context_data: 10 > 9"},
		{"context without padding", contexts311(2, 128, "\x09\x00\x02\x00\x00\x00\x00\x00xy"), "Padded_SMB3_negotiate_context_value: 16 > 10"},
		{"ciphers", contexts311(1, 128, "\x02\x00\x04\x00\x00\x00\x00\x00\x02\x00\x01\x00\x02"), "SMB3_encryption_capabilities:ciphers: 2 > 3"},
		{"salt", contexts311(1, 128, "\x01\x00\x06\x00\x00\x00\x00\x00\x01\x00\x02\x00\x01\x00x"), "SMB3_preauth_integrity_capabilities:salt: 8 > 7"},
		{"end of file", setInfo(infoFile, fileEndOfFile, "1234567"), "SMB2_file_endoffile_info: 8 > 7"},
		{"link", setInfo(infoFile, fileLink, strings.Repeat("\x00", 16)+"\x04\x00\x00\x00ab"), "SMB2_string:s: 4 > 2"},
		{"attributes", setInfo(infoFile, fileFullEA, "\x0c\x00\x00\x00\x00\x01\x00\x00n\x00\x00\x00"+"\x00\x00\x00\x00\x00\x01\x01\x00nv"), ""},
		{"attributes far away", setInfo(infoFile, fileFullEA, "\x0c\x00\x00\x00\x00\x01\x00\x00n"), "SMB2_file_fullea_info_element:pad_to_next: 12 > -3"},
		{"file system", setInfo(infoFileSystem, fsObjectID, strings.Repeat("\x00", 60)), "SMB2_string:s: 48 > 44"},
		{"security", setInfo(3, fileFullEA, ""), ""},
		{"encrypted", side2{true, append([]byte("\xfdSMB"), make([]byte, 47)...)}, "SMB2_transform_header:session_id: 48 > 47"},
	} {
		b, _ := bench2(t, DefaultOptions())
		var reasons []string
		b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
			reasons = append(reasons, string(bytes.TrimPrefix(e.Info.Reason, []byte("Binpac exception: binpac exception: out_of_bound: "))))
		})
		play2(b, []side2{{true, frame2(echo(1))}, {tt.isOrig, frame2(tt.data)}}, 1<<14)
		if strings.Join(reasons, "|") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, reasons, tt.want)
		}
	}
}

// TestNothingFollows tests an empty session message and a compound whose next message begins
// at the end of its frame.
func TestNothingFollows(t *testing.T) {
	last := echo(2)
	binary.LittleEndian.PutUint32(last[20:], uint32(len(last)))
	b, lines := bench2(t, DefaultOptions())
	play2(b, []side2{{true, frame2(echo(1))}, {true, frame2(nil)}, {true, frame2(last)}, {true, frame2(echo(3))}}, 1<<14)
	if want := []string{"message 13 1", "message 13 2", "message 13 3"}; !slices.Equal(*lines, want) {
		t.Errorf("got %q", *lines)
	}
}

// TestConfirmation tests that the protocol is confirmed after three frames of any type, or as
// many segments of a long frame, complete or not.
func TestConfirmation(t *testing.T) {
	long := frame2(writeFile(1, 5, 12, 0, make([]byte, 60_000)))
	keepAlive := []byte{sessionKeepAlive, 0, 0, 0}
	for name, tt := range map[string]struct {
		talk []side2
		want bool
	}{
		"two messages":              {[]side2{{true, frame2(echo(1))}, {false, frame2(echo(1))}}, false},
		"three messages":            {[]side2{{true, frame2(echo(1))}, {false, frame2(echo(1))}, {true, frame2(echo(2))}}, true},
		"and a keep-alive":          {[]side2{{true, frame2(echo(1))}, {false, frame2(echo(1))}, {false, keepAlive}}, true},
		"keep-alives only":          {[]side2{{true, keepAlive}, {false, keepAlive}, {false, keepAlive}}, false},
		"two segments of a message": {[]side2{{true, long[:2*segment]}}, false},
		"and more":                  {[]side2{{true, long[:2*segment+1]}}, true},
		"a violation":               {[]side2{{true, frame2(echo(1))}, {false, frame2(echo(1))}, {true, frame2(echo(1)[:66])}}, false},
	} {
		for _, size := range []int{100, 1 << 14} {
			b, _ := bench2(t, DefaultOptions())
			confirmed := false
			b.Hooks.Analyzer.ConfirmationInfo.Listen(func(*event.AnalyzerConfirmationInfo) { confirmed = true })
			play2(b, tt.talk, size)
			if confirmed != tt.want {
				t.Errorf("%s, segments of %d bytes: confirmed %v", name, size, confirmed)
			}
		}
	}
}
