package smb

import (
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// smb1Bench is a connection that records SMB1 events, weirds and violations as names with
// arguments, without the header.
func smb1Bench(t testing.TB) (*testconn.Bench, *[]string) {
	b, lines := testconn.New(t, testconn.Config()), new([]string)
	now := func() value.Time { return b.Now }
	if _, err := event.NewStream(b.Hooks, now, func(line []byte) {
		var e struct {
			Event string
			Args  map[string]any
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Error(err)
		}
		switch {
		case e.Event == "analyzer_violation_info":
			*lines = append(*lines, "violation")
		case e.Event == "conn_weird":
			*lines = append(*lines, "weird "+e.Args["name"].(string))
		case strings.HasPrefix(e.Event, "smb") && e.Event != "smb1_message":
			delete(e.Args, "hdr")
			args, _ := json.Marshal(e.Args)
			*lines = append(*lines, strings.TrimPrefix(e.Event, "smb1_")+" "+string(args))
		}
	}); err != nil {
		t.Fatal(err)
	}
	p := New(b.Hooks, nil, Inner{}, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 445)
	return b, lines
}

// words builds a command from its words; the byte count follows them.
func words(w, data string) string {
	if len(w)%2 != 0 {
		panic("odd words")
	}
	return string(rune(len(w)/2)) + w + n16(len(data)) + data
}

func n16(n int) string { return string(binary.LittleEndian.AppendUint16(nil, uint16(n))) }
func n32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

// wide returns s in UTF-16.
func wide(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

// smb1 builds a frame with a message.
func smb1(command byte, flags2 int, blocks string) string {
	m := "\xffSMB" + string([]byte{command}) + n32(0) + "\x18" + n16(flags2) + n16(0) + strings.Repeat("\x00", 10) +
		n16(1) + n16(7) + n16(100) + n16(42) + blocks
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(m)))) + m
}

const unicode = smb1FlagUnicode

// none ends an AndX chain.
var none = "\xff\x00" + n16(0)

// trans builds a transaction with consecutive name, parameters and data.
func trans(setup, name, params, data string) string {
	at := smb1HeaderSize + 29 + len(setup) + 2 + len(name)
	return words(n16(len(params))+n16(len(data))+n16(16)+n16(512)+"\x00\x00"+n16(0)+n32(5000)+n16(0)+
		n16(len(params))+n16(at)+n16(len(data))+n16(at+len(params))+string(rune(len(setup)/2))+"\x00"+setup, name+params+data)
}

var smb1Messages = []struct {
	name    string
	isOrig  bool
	message string
	want    []string
}{
	{"negotiate", true, smb1(smb1Negotiate, 0, words("", "\x02LANMAN1.0\x00\x02NT LM 0.12\x00")), []string{
		`negotiate_request {"dialects":["LANMAN1.0","NT LM 0.12"]}`}},
	{"negotiate without an end", true, smb1(smb1Negotiate, 0, words("", "\x02LANMAN1.0\x00\x02NT")), []string{
		`negotiate_request {"dialects":["LANMAN1.0","NT"]}`}},
	{"no dialect", false, smb1(smb1Negotiate, 0, words("\xff\xff", "")), []string{
		`negotiate_response {"response":{"core":{"dialect_index":65535}}}`}},
	{"a negotiation of no form", false, smb1(smb1Negotiate, 0, words("\x00\x00\x00\x00", "")), []string{"violation"}},
	{"LANMAN", false, smb1(smb1Negotiate, 0, words(n16(2)+n16(1)+n16(4356)+n16(2)+n16(1)+n16(3)+n32(9)+n16(0x6000)+n16(0x5ac1)+n16(60)+n16(2)+n16(0), "kyDOM\x00")), []string{
		`negotiate_response {"response":{"lanman":{"dialect_index":2,"encryption_key":"ky","max_buffer_size":4356,"max_mpx_count":2,"max_number_vcs":1,"primary_domain":"DOM","raw_mode":{"read_raw":true,"write_raw":true},"security_mode":{"challenge_response":false,"user_level":true},"server_time":1748779200,"session_key":9,"word_count":13}}}`}},
	{"login and share", true, smb1(smb1SessionSetupAndX, 0,
		"\x0a\x75\x00"+n16(32+23+15)+n16(4356)+n16(2)+n16(1)+n32(0)+n16(2)+n32(0)+n16(15)+"pwANNA\x00D\x00OS\x00LM\x00"+
			words(none+n16(0)+n16(1), "\x00\\\\S\\F\x00A:\x00")), []string{
		`tree_connect_andx_request {"path":"\\\\S\\F","service":"A:"}`,
		`session_setup_andx_request {"request":{"account_name":"ANNA","account_password":"pw","max_buffer_size":4356,"max_mpx_count":2,"native_lanman":"LM","native_os":"OS","primary_domain":"D","session_key":0,"vc_number":1,"word_count":10}}`}},
	{"login in Unicode", true, smb1(smb1SessionSetupAndX, unicode, words(none+n16(16644)+n16(50)+n16(0)+n32(0)+n16(1)+n16(2)+n32(0)+n32(0x54),
		"lnt"+wide("anna\x00D\x00OS\x00LM\x00"))), []string{
		`session_setup_andx_request {"request":{"account_name":"anna","capabilities":{"large_files":false,"level_2_oplocks":false,"nt_find":false,"nt_smbs":true,"status32":true,"unicode":true},"case_insensitive_password":"l","case_sensitive_password":"nt","max_buffer_size":16644,"max_mpx_count":50,"native_lanman":"LM","native_os":"OS","primary_domain":"D","session_key":0,"vc_number":0,"word_count":13}}`}},
	{"guest", false, smb1(smb1SessionSetupAndX, 0, words(none+n16(1), "OS\x00LM\x00D\x00")), []string{
		`session_setup_andx_response {"response":{"is_guest":true,"native_lanman":"LM","native_os":"OS","primary_domain":"D","word_count":3}}`}},
	{"a login without strings", false, smb1(smb1SessionSetupAndX, 0, words(none+n16(0), "")), []string{
		`session_setup_andx_response {"response":{"is_guest":false,"native_lanman":"","native_os":"","primary_domain":"","word_count":3}}`}},
	{"a login refused", false, smb1(smb1SessionSetupAndX, 0, words(none+n16(0)+n16(0)+n16(0), "")), []string{
		`session_setup_andx_response {"response":{"word_count":5}}`}},
	{"a share", false, smb1(smb1TreeConnectAndX, unicode, words(none+n16(1)+strings.Repeat("\x00", 8), "A:\x00"+wide("NTFS\x00"))), []string{
		`tree_connect_andx_response {"native_file_system":"NTFS","service":"A:"}`}},
	{"a share without file system", false, smb1(smb1TreeConnectAndX, unicode, words(none, "LPT1:\x00")), []string{
		`tree_connect_andx_response {"native_file_system":"","service":"LPT1:"}`}},
	{"a share that is left", true, smb1(smb1TreeDisconnect, 0, words("", "")+"\x00"), []string{`tree_disconnect {"is_orig":true}`}},
	{"nothing but a header", true, smb1(smb1TreeDisconnect, 0, words("", "")), []string{`empty_response {}`}},
	{"logoff", true, smb1(smb1LogoffAndX, 0, words(none, "")), []string{`logoff_andx {"is_orig":true}`}},
	{"two logoffs in an answer", false, smb1(smb1LogoffAndX, 0, words("\x74\x00"+n16(39), "")+words(none, "")), []string{
		`logoff_andx {"is_orig":true}`, `logoff_andx {"is_orig":false}`}},
	{"a chain that goes nowhere", true, smb1(smb1LogoffAndX, 0, words("\x74\x00"+n16(0), "")), []string{
		"weird smb_andx_offset_not_advancing", `logoff_andx {"is_orig":true}`}},
	{"a chain that goes back", true, smb1(smb1LogoffAndX, 0, words("\x74\x00"+n16(32), "")), []string{"violation"}},
	{"a chain whose end is cut", true, smb1(smb1LogoffAndX, 0, words("\x74\x00"+n16(39), "")+"\x02\xff"), []string{"violation"}},
	{"echo", true, smb1(smb1Echo, 0, words(n16(3), "hello")), []string{`echo_request {"data":"hello","echo_count":3}`}},
	{"echoed", false, smb1(smb1Echo, 0, words(n16(1), "hello")), []string{`echo_response {"data":"hello","seq_num":1}`}},
	{"cancel", true, smb1(smb1NTCancel, 0, words("", "")+"\x00"), []string{`nt_cancel_request {}`}},
	{"a directory", true, smb1(smb1CreateDirectory, unicode, words("", "\x04"+wide("\\d\x00"))), []string{`create_directory_request {"directory_name":"\\d"}`}},
	{"a directory made", false, smb1(smb1CreateDirectory, 0, words("", "\x00")), []string{`create_directory_response {}`}},
	{"is it one", true, smb1(smb1CheckDirectory, 0, words("", "\x04\\d\x00")), []string{`check_directory_request {"directory_name":"\\d"}`}},
	{"it is", false, smb1(smb1CheckDirectory, 0, words("", "\x00")), []string{`check_directory_response {}`}},
	{"attributes", true, smb1(smb1QueryInformation, 0, words("", "\x04\\f\x00")), []string{`query_information_request {"filename":"\\f"}`}},
	{"create", true, smb1(smb1NTCreateAndX, unicode, words(none+"\x00"+n16(4)+strings.Repeat("\x00", 41), "\x00"+wide("\\f\x00"))), []string{
		`nt_create_andx_request {"file_name":"\\f"}`}},
	{"a pipe by its name", true, smb1(smb1NTCreateAndX, 0, words(none+"\x00"+n16(4)+strings.Repeat("\x00", 41), "srvsvc\x00")), []string{
		`smb_pipe_connect_heuristic {}`, `nt_create_andx_request {"file_name":"srvsvc"}`}},
	{"half a character", true, smb1(smb1NTCreateAndX, unicode, words(none+"\x00"+n16(4)+strings.Repeat("\x00", 41), "\x00a\x00\x3d\xd8")), []string{
		"weird utf16_conversion_failed", `nt_create_andx_request {"file_name":"a\\x00=\\xd8"}`}},
	{"read", true, smb1(smb1ReadAndX, 0, words(none+n16(5)+n32(7)+n16(100)+n16(100)+n32(-1)+n16(0)+n32(2), "")), []string{
		`read_andx_request {"file_id":5,"length":100,"offset":8589934599}`}},
	{"read with a long length", true, smb1(smb1ReadAndX, 0, words(none+n16(5)+n32(7)+n16(100)+n16(100)+n32(1)+n16(0), "")), []string{
		`read_andx_request {"file_id":5,"length":65636,"offset":7}`}},
	{"was read", false, smb1(smb1ReadAndX, 0, words(none+n16(0)+n16(0)+n16(0)+n16(4)+n16(60)+n16(0)+strings.Repeat("\x00", 8), "\x00data")), []string{
		`read_andx_response {"data_len":4}`}},
	{"was read, it says", false, smb1(smb1ReadAndX, 0, words(none+n16(0)+n16(0)+n16(0)+n16(4)+n16(60)+n16(0xffff)+strings.Repeat("\x00", 8), "\x00data")), []string{"violation"}},
	{"write", true, smb1(smb1WriteAndX, 0, words(none+n16(5)+n32(7)+n32(0)+n16(0)+n16(0)+n16(0)+n16(4)+n16(64)+n32(1), "\x00data")), []string{
		`write_andx_request {"data_len":4,"file_id":5,"offset":4294967303}`}},
	{"written", false, smb1(smb1WriteAndX, 0, words(none+n16(4)+n16(0)+n16(1)+n16(0), "")), []string{`write_andx_response {"written_bytes":65540}`}},
	{"close", true, smb1(smb1Close, 0, words(n16(5)+n32(0), "")), []string{`close_request {"file_id":5}`}},
	{"locks", true, smb1(smb1LockingAndX, 0, words(none+n16(5)+"\x10\x00"+n32(0)+n16(0)+n16(0), "")), []string{"violation"}},
	{"a pipe", true, smb1(smb1Transaction, 0, trans(n16(0x26)+n16(5), "\\PIPE\\\x00", "pp", "data")), []string{
		`transaction_request {"data":"data","name":"\\PIPE\\","parameters":"pp","sub_cmd":0}`}},
	{"a pipe in Unicode", true, smb1(smb1Transaction, unicode, trans(n16(0x26)+n16(5), "\x00"+wide("\\PIPE\\\x00"), "", "data")), []string{
		`transaction_request {"data":"data","name":"\\PIPE\\","parameters":"","sub_cmd":0}`}},
	{"more setup than there is", true, smb1(smb1Transaction, 0, strings.Replace(trans(n16(0x26), "", "", ""), "\x01\x00\x26", "\xff\x00\x26", 1)), []string{"violation"}},
	{"a pipe's answer", false, smb1(smb1Transaction, 0, words(n16(0)+n16(4)+n16(0)+n16(0)+n16(55)+n16(0)+n16(4)+n16(55)+n16(0)+"\x00\x00", "data")), []string{
		`transaction_response {"data":"data","parameters":""}`}},
	{"the rest", true, smb1(smb1TransactionSecondary, 0, words(n16(2)+n16(9)+n16(2)+n16(51)+n16(0)+n16(4)+n16(53)+n16(5), "PPdata")), []string{
		`transaction_secondary_request {"args":{"data_count":4,"data_displacement":5,"data_offset":53,"param_count":2,"param_displacement":0,"param_offset":51,"total_data_count":9,"total_param_count":2},"data":"data","parameters":"PP"}`}},
	{"the rest of another", true, smb1(smb1Transaction2Secondary, 0, words(n16(2)+n16(9)+n16(2)+n16(53)+n16(0)+n16(4)+n16(55)+n16(5)+n16(8), "PPdata+")), []string{
		`transaction2_secondary_request {"args":{"FID":8,"data_count":4,"data_displacement":5,"data_offset":55,"param_count":2,"param_displacement":0,"param_offset":53,"total_data_count":9,"total_param_count":2},"data":"data","parameters":"PP"}`}},
	{"find", true, smb1(smb1Transaction2, 0, trans(n16(1), "", n16(22)+n16(10)+n16(6)+n16(260)+n32(0)+"\\*\x00", "")), []string{
		`trans2_find_first2_request {"args":{"file_name":"\\*","flags":6,"info_level":260,"search_attrs":22,"search_count":10,"search_storage_type":0}}`,
		`transaction2_request {"args":{"data_count":0,"data_offset":80,"flags":0,"max_data_count":512,"max_param_count":16,"max_setup_count":0,"param_count":15,"param_offset":65,"setup_count":1,"total_data_count":0,"total_param_count":15,"trans_timeout":5000},"sub_cmd":1}`}},
	{"find, cut", true, smb1(smb1Transaction2, 0, trans(n16(1), "", n16(22), "")), []string{"violation"}},
	{"referral", true, smb1(smb1Transaction2, unicode, trans(n16(16), "", n16(4)+wide("\\S\\dfs\x00"), "")), []string{
		`trans2_get_dfs_referral_request {"file_name":"\\S\\dfs"}`,
		`transaction2_request {"args":{"data_count":0,"data_offset":81,"flags":0,"max_data_count":512,"max_param_count":16,"max_setup_count":0,"param_count":16,"param_offset":65,"setup_count":1,"total_data_count":0,"total_param_count":16,"trans_timeout":5000},"sub_cmd":16}`}},
	{"unknown", true, smb1(0xfe, 0, words("", "x")), nil},
	{"no whole header", true, "\x00\x00\x00\x08\xffSMBrrrr", []string{"violation"}},
}

func TestSMB1(t *testing.T) {
	for _, tc := range smb1Messages {
		t.Run(tc.name, func(t *testing.T) {
			b, lines := smb1Bench(t)
			b.Open()
			b.Talk(tc.isOrig, []byte(tc.message))
			b.Drain()
			if !slices.Equal(*lines, tc.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(*lines, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

// TestSMB1Depth tests a chain with more commands than the limit.
func TestSMB1Depth(t *testing.T) {
	var blocks string
	for i := range 20 {
		blocks += words("\x74\x00"+n16(smb1HeaderSize+7*(i+1)), "")
	}
	b, lines := smb1Bench(t)
	b.Open()
	b.Talk(true, []byte(smb1(smb1LogoffAndX, 0, blocks)))
	b.Drain()
	weird := "weird smb_andx_depth_exceeded"
	want := append([]string{weird, `logoff_andx {"is_orig":true}`, weird}, slices.Repeat([]string{`logoff_andx {"is_orig":true}`}, 11)...)
	if !slices.Equal(*lines, want) {
		t.Errorf("got %q", *lines)
	}
}

// FuzzSMB1 checks that messages raise the same events for any segmentation, as long as no
// segment begins within a frame's first eight bytes, which detection needs whole.
func FuzzSMB1(f *testing.F) {
	for _, tc := range smb1Messages {
		f.Add([]byte(tc.message[4:]), tc.isOrig, uint8(3))
	}
	f.Fuzz(func(t *testing.T, m []byte, isOrig bool, size uint8) {
		if len(m) < 4 || len(m) > 2048 {
			return
		}
		copy(m, "\xffSMB")
		stream := append(binary.BigEndian.AppendUint32(nil, uint32(len(m))), m...)
		stream = append(stream, smb1(smb1Echo, 0, words(n16(1), "end"))...)
		run := func(size int) ([]string, conn.Stats) {
			b, lines := smb1Bench(t)
			b.Open()
			b.Talk(isOrig, stream[:8])
			for part := range slices.Chunk(stream[8:], size) {
				b.Talk(isOrig, part)
			}
			b.Drain()
			return *lines, b.Table.Stats()
		}
		whole, stats := run(1 << 14)
		cut, stats2 := run(max(int(size%64)+1, len(stream)/90+1))
		if stats.Panics+stats2.Panics != 0 {
			t.Fatal("panic")
		}
		if !slices.Contains(whole, "violation") && !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}
