package oncrpc

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// u encodes numbers of 4 bytes.
func u(list ...uint32) string {
	var b []byte
	for _, v := range list {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return string(b)
}

// o encodes opaque data.
func o(s string) string {
	return u(uint32(len(s))) + s + strings.Repeat("\x00", -len(s)&3)
}

// auth is AUTH_UNIX of user 1, group 2, other groups 3 and 4, on host h.
var auth = u(1) + o(u(9)+o("h")+u(1, 2, 2, 3, 4)) + u(0, 0)

func ask(xid, program, version, proc uint32, args string) string {
	return u(xid, msgCall, 2, program, version, proc) + auth + args
}

// bare is ask without credentials.
func bare(xid, program, version, proc uint32, args string) string {
	return u(xid, msgCall, 2, program, version, proc, 0, 0, 0, 0) + args
}

func answer(xid uint32, results string) string {
	return u(xid, msgReply, replyAccepted, 0, 0, acceptSuccess) + results
}

// marked puts record marks before a message, in fragments of at most n bytes.
func marked(msg string, n int) string {
	var out string
	for len(msg) > n {
		out, msg = out+u(uint32(n))+msg[:n], msg[n:]
	}
	return out + u(uint32(len(msg))|lastFragment) + msg
}

// newBench returns a bench whose server has port, and the events of the analyzers.
func newBench(t testing.TB, o Options, port uint16, effects compat.Set) (*testconn.Bench, *[]string) {
	cfg := testconn.Config()
	cfg.Compat = effects
	b := testconn.New(t, cfg)
	lines := b.Events("rpc_", "pm_", "mount_", "nfs_", "conn_weird", "connection_timeout")
	portmapper, mounts, files := New(b.Hooks, o)
	b.SetAttacher(detect.New(slices.Concat(portmapper[:], mounts[:], files[:])))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, lines
}

// datagrams sends messages, calls after > and replies after <.
func datagrams(b *testconn.Bench, talk ...string) {
	for _, m := range talk {
		src, dst := b.Client, b.Server
		if m[0] == '<' {
			src, dst = dst, src
		}
		b.Packet(testconn.UDP(src, dst, []byte(m[1:])))
	}
}

// dropped matches what short drops from events: times, and what most have.
var dropped = regexp.MustCompile(`"rpc_stat":"RPC_SUCCESS",|"re[qp]_(start|dur)":[^,]*,|"start_time":[^,]*,|,"rpc_uid":0,"rpc_gid":0,"rpc_stamp":0,"rpc_machine_name":"","rpc_auxgids":\[\]`)

// short drops from events what does not matter.
func short(lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, dropped.ReplaceAllString(l, ""))
	}
	return out
}

func check(t *testing.T, name string, got []string, want ...string) {
	t.Helper()
	if got = short(without(got, "connection_timeout")); !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// without drops the events of every message.
func without(lines []string, prefixes ...string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(l, p) })
	})
}

// TestMessages tests what all programs share.
func TestMessages(t *testing.T) {
	null := bare(7, 100000, 2, 0, "")
	asked := `rpc_call {"xid":7,"prog":100000,"ver":2,"proc":0,"call_len":32}`
	for _, c := range []struct {
		name string
		talk []string
		want []string
	}{
		{"answered", []string{">" + null, "<" + answer(7, "")}, []string{
			asked, `rpc_reply {"xid":7,"status":"RPC_SUCCESS","reply_len":0}`, `pm_request_null {}`,
			`rpc_dialogue {"prog":100000,"ver":2,"proc":0,"status":"RPC_SUCCESS","call_len":32,"reply_len":0}`}},
		{"not answered", []string{">" + null}, []string{
			asked, `rpc_dialogue {"prog":100000,"ver":2,"proc":0,"status":"RPC_TIMEOUT","call_len":32,"reply_len":0}`, `pm_attempt_null {"status":"RPC_TIMEOUT"}`}},
		{"repeated", []string{">" + null, ">" + null, "<" + answer(7, "")}, []string{
			asked, asked, `rpc_reply {"xid":7,"status":"RPC_SUCCESS","reply_len":0}`, `pm_request_null {}`,
			`rpc_dialogue {"prog":100000,"ver":2,"proc":0,"status":"RPC_SUCCESS","call_len":32,"reply_len":0}`}},
		{"no call", []string{">" + answer(7, "")}, []string{
			`conn_weird {"name":"originator_RPC_reply","addl":"","source":"PORTMAPPER"}`, `rpc_reply {"xid":7,"status":"RPC_SUCCESS","reply_len":0}`,
			`conn_weird {"name":"unpaired_RPC_response","addl":"","source":"PORTMAPPER"}`}},
		{"other type", []string{">" + u(7, 2)}, []string{`conn_weird {"name":"bad_RPC","addl":"","source":"PORTMAPPER"}`}},
		{"cut", []string{">" + null[:30]}, []string{
			`conn_weird {"name":"bad_RPC","addl":"","source":"PORTMAPPER"}`, `conn_weird {"name":"bad_RPC","addl":"","source":"PORTMAPPER"}`}},
		{"too short", []string{">abcde"}, []string{`conn_weird {"name":"bad_RPC","addl":"","source":"PORTMAPPER"}`}},
		{"excess", []string{">" + null + u(1)}, []string{
			`rpc_call {"xid":7,"prog":100000,"ver":2,"proc":0,"call_len":36}`, `conn_weird {"name":"excess_RPC","addl":"","source":"PORTMAPPER"}`,
			`rpc_dialogue {"prog":100000,"ver":2,"proc":0,"status":"RPC_TIMEOUT","call_len":36,"reply_len":0}`, `pm_attempt_null {"status":"RPC_TIMEOUT"}`}},
	} {
		b, lines := newBench(t, DefaultOptions(), 111, 0)
		datagrams(b, c.talk...)
		b.Drain()
		check(t, c.name, *lines, c.want...)
	}
}

// TestStatus tests the status of replies.
func TestStatus(t *testing.T) {
	for results, want := range map[string]string{
		u(0, 0, 0, 1):       "RPC_PROG_UNAVAIL",
		u(0, 0, 0, 2, 2, 4): "RPC_PROG_MISMATCH",
		u(0, 0, 0, 3):       "RPC_PROC_UNAVAIL",
		u(0, 0, 0, 4):       "RPC_GARBAGE_ARGS",
		u(0, 0, 0, 5):       "RPC_SYSTEM_ERR",
		u(0, 0, 0, 6):       "RPC_UNKNOWN_ERROR",
		u(1, 0, 2, 2):       "RPC_VERS_MISMATCH",
		u(1, 1, 5):          "RPC_AUTH_ERROR",
	} {
		b, lines := newBench(t, DefaultOptions(), 111, 0)
		datagrams(b, ">"+bare(7, 100000, 2, 4, ""), "<"+u(7, msgReply)+results)
		check(t, want, without(*lines, "rpc_call", "rpc_dialogue"),
			`rpc_reply {"xid":7,"status":"`+want+`","reply_len":0}`, `pm_attempt_dump {"status":"`+want+`"}`)
	}
}

// TestPortmap tests the procedures of the portmapper.
func TestPortmap(t *testing.T) {
	m := u(100003, 3, 6, 2049)
	for _, c := range []struct {
		proc          uint32
		args, results string
		want          []string
	}{
		{pmSet, m, u(1), []string{`pm_request_set {"m":{"program":100003,"version":3,"p":{"port":2049,"proto":"tcp"}},"success":true}`}},
		{pmUnset, u(100003, 3, 17, 70000), u(0), []string{`pm_bad_port {"bad_p":70000}`, `pm_request_unset {"m":{"program":100003,"version":3,"p":{"port":0,"proto":"udp"}},"success":false}`}},
		{pmGetPort, m, u(2049), []string{`pm_request_getport {"pr":{"program":100003,"version":3,"is_tcp":true},"p":{"port":2049,"proto":"tcp"}}`}},
		{pmDump, "", u(1) + m + u(1, 100005, 3, 17, 20048, 0), []string{`pm_request_dump {"m":{"1":{"program":100003,"version":3,"p":{"port":2049,"proto":"tcp"}},"2":{"program":100005,"version":3,"p":{"port":20048,"proto":"udp"}}}}`}},
		{pmCallit, u(1, 2, 3) + o("abc"), u(99) + o("result"), []string{`pm_request_callit {"call":{"program":1,"version":2,"proc":3,"arg_size":3},"p":{"port":99,"proto":"udp"}}`}},
		{pmSet, m[:8], u(1), []string{`conn_weird {"name":"bad_RPC","addl":"","source":"PORTMAPPER"}`, `conn_weird {"name":"bad_RPC","addl":"","source":"PORTMAPPER"}`,
			`conn_weird {"name":"successful_RPC_reply_to_invalid_request","addl":"","source":"PORTMAPPER"}`, `conn_weird {"name":"excess_RPC","addl":"","source":"PORTMAPPER"}`}},
		{pmDump, "", u(1) + m, []string{`conn_weird {"name":"bad_RPC","addl":"","source":"PORTMAPPER"}`}},
	} {
		b, lines := newBench(t, DefaultOptions(), 111, 0)
		datagrams(b, ">"+ask(7, 100000, 2, c.proc, c.args), "<"+answer(7, c.results))
		b.Drain()
		check(t, "request", without(*lines, "rpc_"), c.want...)
	}
	for _, c := range []struct {
		proc       uint32
		args, want string
	}{
		{pmSet, m, `pm_attempt_set {"status":"RPC_TIMEOUT","m":{"program":100003,"version":3,"p":{"port":2049,"proto":"tcp"}}}`},
		{pmUnset, m, `pm_attempt_unset {"status":"RPC_TIMEOUT","m":{"program":100003,"version":3,"p":{"port":2049,"proto":"tcp"}}}`},
		{pmGetPort, m, `pm_attempt_getport {"status":"RPC_TIMEOUT","pr":{"program":100003,"version":3,"is_tcp":true}}`},
		{pmCallit, u(1, 2, 3) + o(""), `pm_attempt_callit {"status":"RPC_TIMEOUT","call":{"program":1,"version":2,"proc":3,"arg_size":0}}`},
	} {
		b, lines := newBench(t, DefaultOptions(), 111, 0)
		datagrams(b, ">"+ask(7, 100000, 2, c.proc, c.args))
		b.Drain()
		check(t, "attempt", without(*lines, "rpc_"), c.want)
	}
}

// TestMount tests UMNTALL with and without arguments, in both ways.
func TestMount(t *testing.T) {
	const info = `"info":{"mnt_stat":"MOUNT3::MNT3_OK","req_len":32,"rep_len":16}`
	for _, c := range []struct {
		compat compat.Set
		args   string
		want   []string
	}{
		{0, "", []string{`mount_proc_umnt_all {` + info + `,"req":{"dirname":""}}`}},
		{0, o("/e"), []string{`mount_proc_umnt_all {` + strings.Replace(info, "32", "40", 1) + `,"req":{"dirname":"/e"}}`}},
		{1 << compat.MountUmntAll, o("/e"), []string{`mount_proc_umnt {` + strings.Replace(info, "32", "40", 1) + `,"req":{"dirname":"/e"}}`}},
		{1 << compat.MountUmntAll, "", []string{`conn_weird {"name":"bad_RPC","addl":"","source":"MOUNT"}`, `conn_weird {"name":"bad_RPC","addl":"","source":"MOUNT"}`,
			`conn_weird {"name":"successful_RPC_reply_to_invalid_request","addl":"","source":"MOUNT"}`}},
	} {
		b, lines := newBench(t, DefaultOptions(), 20048, c.compat)
		datagrams(b, ">"+bare(7, 100005, 3, mountUmntAll, c.args), "<"+answer(7, ""))
		b.Drain()
		check(t, "umntall", without(*lines, "rpc_", "mount_reply_status"), c.want...)
	}
	b, lines := newBench(t, DefaultOptions(), 635, 0)
	datagrams(b, ">"+ask(7, 100005, 3, mountMnt, o("/e")), "<"+answer(7, u(0)+o("handle")+u(2, 1, 9)), ">"+bare(8, 100005, 3, 5, ""), "<"+answer(8, u(0)))
	b.Drain()
	check(t, "mnt", without(*lines, "rpc_"),
		`mount_reply_status {"info":{"mnt_stat":"MOUNT3::MNT3_OK","req_len":72,"rep_len":44,"rpc_uid":1,"rpc_gid":2,"rpc_stamp":9,"rpc_machine_name":"h","rpc_auxgids":[3,4]}}`,
		`mount_proc_mnt {"info":{"mnt_stat":"MOUNT3::MNT3_OK","req_len":72,"rep_len":44,"rpc_uid":1,"rpc_gid":2,"rpc_stamp":9,"rpc_machine_name":"h","rpc_auxgids":[3,4]},"req":{"dirname":"/e"},"rep":{"dirfh":"handle","auth_flavors":["MOUNT3::AUTH_UNIX","<undefined>"]}}`,
		`mount_reply_status {"info":{"mnt_stat":"MOUNT3::MNT3_OK","req_len":32,"rep_len":20}}`,
		`mount_proc_not_implemented {"info":{"mnt_stat":"MOUNT3::MNT3_OK","req_len":32,"rep_len":20},"proc":"MOUNT3::PROC_EXPORT"}`)
}

// attrs are the attributes of a file (fattr3), and as they are in events.
var attrs = u(1, 0o644, 1, 2, 3) + u(0, 4, 0, 5) + u(6, 7) + u(0, 8, 0, 9) + u(10, 0, 11, 0, 12, 0)

const attrsText = `{"ftype":"NFS3::FTYPE_REG","mode":420,"nlink":1,"uid":2,"gid":3,"size":4,"used":5,"rdev1":6,"rdev2":7,"fsid":8,"fileid":9,"atime":10.0,"mtime":11.0,"ctime":12.0}`

// wcc are the attributes before and after an operation.
var wcc = u(1) + u(0, 3, 1, 0, 2, 0) + u(1) + attrs

const wccText = `"dir_pre_attr":{"size":3,"atime":1.0,"mtime":2.0},"dir_post_attr":` + attrsText

// procedures are the procedures of NFS, with what is in their events after the info.
var procedures = []struct {
	event         string
	proc          uint32
	args, results string
	want          string
}{
	{"null", 0, "", "", ``},
	{"getattr", 1, o("fh"), u(0) + attrs, `,"fh":"fh","attrs":` + attrsText},
	{"sattr", 2, o("fh") + u(1, 0o600, 0, 0, 1, 0, 5, 2, 1, 0, 1, 0), u(0) + wcc,
		`,"req":{"fh":"fh","new_attributes":{"mode":384,"size":5,"atime":"NFS3::SET_TO_CLIENT_TIME","mtime":"NFS3::SET_TO_SERVER_TIME"}},"rep":{` + wccText + `}`},
	{"lookup", 3, o("d") + o("n"), u(0) + o("fh") + u(0, 1) + attrs, `,"req":{"dirfh":"d","fname":"n"},"rep":{"fh":"fh","dir_attr":` + attrsText + `}`},
	{"lookup", 3, o("d") + o("n"), u(2, 0), `,"req":{"dirfh":"d","fname":"n"},"rep":{}`},
	{"not_implemented", 4, "", u(0) + "abcd", `,"proc":"NFS3::PROC_ACCESS"`},
	{"readlink", 5, o("fh"), u(0, 0) + o("to"), `,"fh":"fh","rep":{"nfspath":"to"}`},
	{"read", 6, o("fh") + u(0, 0, 10), u(0, 0, 6, 1) + o("abcdef"), `,"req":{"fh":"fh","offset":0,"size":10},"rep":{"size":6,"eof":true,"data":"abcd"}`},
	{"read", 6, o("fh") + u(0, 1, 10), u(0, 0, 6, 1) + o("abcdef"), `,"req":{"fh":"fh","offset":1,"size":10},"rep":{"size":6,"eof":true}`},
	{"write", 7, o("fh") + u(0, 0, 6, 2) + o("ABCDEF"), u(0, 0, 0, 6, 2, 0, 1), `,"req":{"fh":"fh","offset":0,"size":6,"stable":"NFS3::FILE_SYNC","data":"ABCD"},"rep":{"size":6,"commited":"NFS3::FILE_SYNC","verf":1}`},
	{"create", 8, o("d") + o("n") + u(1, 0, 0, 0, 0, 0, 0), u(0, 1) + o("fh") + u(0) + wcc, `,"req":{"dirfh":"d","fname":"n"},"rep":{"fh":"fh",` + wccText + `}`},
	{"mkdir", 9, o("d") + o("n"), u(17) + wcc, `,"req":{"dirfh":"d","fname":"n"},"rep":{` + wccText + `}`},
	{"symlink", 10, o("d") + o("n") + u(0, 0, 0, 0, 2, 1, 1, 0) + o("to"), u(0, 0, 0) + wcc,
		`,"req":{"link":{"dirfh":"d","fname":"n"},"symlinkdata":{"symlink_attributes":{"atime":"NFS3::SET_TO_CLIENT_TIME","mtime":"NFS3::DONT_CHANGE"},"nfspath":"to"}},"rep":{` + wccText + `}`},
	{"remove", 12, o("d") + o("n"), u(0) + wcc, `,"req":{"dirfh":"d","fname":"n"},"rep":{` + wccText + `}`},
	{"rmdir", 13, o("d") + o("n"), u(0, 0, 0), `,"req":{"dirfh":"d","fname":"n"},"rep":{}`},
	{"rename", 14, o("d") + o("n") + o("e") + o("m"), u(0, 0, 0, 0, 0), `,"req":{"src_dirfh":"d","src_fname":"n","dst_dirfh":"e","dst_fname":"m"},"rep":{}`},
	{"link", 15, o("fh") + o("d") + o("n"), u(0, 1) + attrs + u(0, 0), `,"req":{"fh":"fh","link":{"dirfh":"d","fname":"n"}},"rep":{"post_attr":` + attrsText + `}`},
	{"readdir", 16, o("d") + u(0, 1, 0, 2, 3), u(0, 0, 0, 4, 1, 0, 5) + o("n") + u(0, 6, 0, 1),
		`,"req":{"isplus":false,"dirfh":"d","cookie":1,"cookieverf":2,"dircount":3},"rep":{"isplus":false,"cookieverf":4,"entries":[{"fileid":5,"fname":"n","cookie":6}],"eof":true}`},
	{"readdir", 17, o("d") + u(0, 1, 0, 2, 3, 4), u(0, 0, 0, 4, 1, 0, 5) + o("n") + u(0, 6, 0, 1) + o("fh") + u(0, 0),
		`,"req":{"isplus":true,"dirfh":"d","cookie":1,"cookieverf":2,"dircount":3,"maxcount":4},"rep":{"isplus":true,"cookieverf":4,"entries":[{"fileid":5,"fname":"n","cookie":6,"fh":"fh"}],"eof":false}`},
}

// TestNFS tests the procedures over UDP, and over TCP in fragments and segments of several
// sizes.
func TestNFS(t *testing.T) {
	opt := DefaultOptions()
	opt.ReturnData, opt.DataMax = true, 4
	for _, p := range procedures {
		call, reply := bare(7, 100003, 3, p.proc, p.args), answer(7, p.results)
		got := func(lines []string) string {
			for _, l := range lines {
				if strings.HasPrefix(l, "conn_weird") {
					t.Errorf("%s: %s", p.event, l)
				}
				if name, args, _ := strings.Cut(l, " "); name == "nfs_proc_"+p.event {
					_, after, _ := strings.Cut(args, "},")
					if after == "" {
						return ""
					}
					return "," + strings.TrimSuffix(after, "}")
				}
			}
			return "no event in " + strings.Join(lines, "\n")
		}
		b, lines := newBench(t, opt, 2049, 0)
		datagrams(b, ">"+call, "<"+reply)
		b.Drain()
		if g := got(short(*lines)); g != p.want {
			t.Errorf("%s:\n got %s\nwant %s", p.event, g, p.want)
		}
		for _, sizes := range [][2]int{{1 << 16, 1 << 16}, {1 << 16, 1}, {10, 7}} {
			b, lines := newBench(t, opt, 2049, 0)
			b.Open()
			for i, m := range []string{call, reply} {
				for part := range slices.Chunk([]byte(marked(m, sizes[0])), sizes[1]) {
					b.Talk(i == 0, part)
				}
			}
			b.Close()
			b.Drain()
			if g := got(short(*lines)); g != p.want {
				t.Errorf("%s over TCP, %v:\n got %s\nwant %s", p.event, sizes, g, p.want)
			}
		}
	}
}

// TestZeekAttributes tests the effect of compat on attributes.
func TestZeekAttributes(t *testing.T) {
	b, lines := newBench(t, DefaultOptions(), 2049, 1<<compat.NFSAttributes)
	datagrams(b, ">"+bare(7, 100003, 3, 2, o("fh")+u(0, 0, 0, 1, 0, 3, 2, 1000000, 5, 2, 0, 0, 0)), "<"+answer(7, u(1)))
	got := without(*lines, "rpc_", "nfs_reply", "conn_weird")
	check(t, "sattr", got, `nfs_proc_sattr {"info":{"nfs_stat":"NFS3::NFS3ERR_PERM","req_len":92,"rep_len":20},"req":{"fh":"fh","new_attributes":{"size":4479327984896590303,"atime":"NFS3::SET_TO_CLIENT_TIME","mtime":"<undefined>"}},"rep":{}}`)
}

// TestZeekEntries tests the effect of compat on the entries of a directory.
func TestZeekEntries(t *testing.T) {
	for results, want := range map[string]string{
		u(0, 0, 0, 4, 1, 0, 5) + o("n") + u(0, 6, 1, 0, 7) + o("m") + u(0, 8, 0, 1): `[null,{"fileid":5,"fname":"n","cookie":6},{"fileid":7,"fname":"m","cookie":8}]`,
		u(0, 0, 0, 4, 0, 1): `[]`,
	} {
		b, lines := newBench(t, DefaultOptions(), 2049, 1<<compat.NFSEntries)
		datagrams(b, ">"+bare(7, 100003, 3, 16, o("d")+u(0, 1, 0, 2, 3)), "<"+answer(7, results))
		if got := strings.Join(*lines, "\n"); !strings.Contains(got, `"cookieverf":4,"entries":`+want+`,"eof":true`) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestTimeout ends a flow over UDP after rpc_timeout although it is not silent.
func TestTimeout(t *testing.T) {
	opt := DefaultOptions()
	b, lines := newBench(t, opt, 2049, 0)
	datagrams(b, ">"+bare(7, 100003, 3, 0, ""))
	b.Advance(23 * value.Second)
	datagrams(b, ">"+bare(8, 100003, 3, 0, ""))
	before := len(*lines)
	b.Advance(2 * value.Second)
	var names []string
	for _, l := range (*lines)[before:] {
		name, _, _ := strings.Cut(l, " ")
		names = append(names, name)
	}
	want := "connection_timeout,rpc_dialogue,nfs_reply_status,nfs_proc_null,rpc_dialogue,nfs_reply_status,nfs_proc_null"
	if got := strings.Join(names, ","); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAnnounced attaches NFS at a port that the portmapper names, over both transports.
func TestAnnounced(t *testing.T) {
	for _, proto := range []uint32{6, 17} {
		b, lines := newBench(t, DefaultOptions(), 111, 0)
		datagrams(b, ">"+bare(7, 100000, 2, pmGetPort, u(100003, 3, proto, 0)), "<"+answer(7, u(4000)))
		b.Server = netip.AddrPortFrom(b.Server.Addr(), 4000)
		call, reply := bare(7, 100003, 3, 0, ""), answer(7, "")
		if proto == 17 {
			datagrams(b, ">"+call, "<"+reply)
		} else {
			b.Open()
			b.Talk(true, []byte(marked(call, 1<<16)))
			b.Talk(false, []byte(marked(reply, 1<<16)))
			b.Close()
		}
		b.Drain()
		if !slices.ContainsFunc(*lines, func(l string) bool { return strings.HasPrefix(l, "nfs_proc_null") }) {
			t.Errorf("protocol %d: %q", proto, *lines)
		}
	}
}

// TestUnused does not attach NFS at a port that the portmapper names if it is not chosen.
func TestUnused(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	lines := b.Events("rpc_call")
	portmapper, mounts, files := New(b.Hooks, DefaultOptions())
	for _, p := range append(mounts[:], files[:]...) {
		p.Unused = true
	}
	b.SetAttacher(detect.New(portmapper[:]))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 111)
	datagrams(b, ">"+bare(7, 100000, 2, pmGetPort, u(100003, 3, 17, 0)), "<"+answer(7, u(4000)))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 4000)
	datagrams(b, ">"+bare(7, 100003, 3, 0, ""))
	b.Drain()
	if len(*lines) != 1 {
		t.Errorf("%q", *lines)
	}
}

// TestService sets the service with the first call that is answered, of the port's program
// only.
func TestService(t *testing.T) {
	for program, want := range map[uint32]string{100003: "nfs", 100227: ""} {
		b, _ := newBench(t, DefaultOptions(), 2049, 0)
		services := func() string {
			var list []string
			b.Table.All(func(c *conn.Conn) { list = c.Services(nil) })
			return strings.Join(list, ",")
		}
		datagrams(b, ">"+bare(7, program, 3, 0, ""))
		if got := services(); got != "" {
			t.Errorf("%d: %s without a reply", program, got)
		}
		datagrams(b, "<"+answer(7, ""))
		if got := services(); got != want {
			t.Errorf("%d: %s, want %s", program, got, want)
		}
	}
}

// TestGap finds the messages after missing bytes.
func TestGap(t *testing.T) {
	b, lines := newBench(t, DefaultOptions(), 2049, 0)
	b.Open()
	for i := range uint32(6) {
		m := marked(bare(i, 100003, 3, 0, ""), 1<<16)
		if i == 1 {
			b.Skip(true, uint32(len(m)))
			continue
		}
		b.Talk(true, []byte(m))
	}
	b.Close()
	b.Drain()
	var calls []string
	for _, l := range *lines {
		if strings.HasPrefix(l, "rpc_call") {
			calls = append(calls, l[len(`rpc_call {"xid":`):][:1])
		}
	}
	// Two messages are skipped until a third is believed.
	if got := strings.Join(calls, ""); got != "045" {
		t.Errorf("calls %s", got)
	}
}

// TestLimits tests what bounds pending calls and long messages.
func TestLimits(t *testing.T) {
	opt := DefaultOptions()
	opt.Pending = 3
	b, lines := newBench(t, opt, 2049, 0)
	for i := range uint32(5) {
		datagrams(b, ">"+bare(9-i, 100003, 3, 0, ""))
	}
	b.Drain()
	var names []string
	for _, l := range without(*lines, "connection_timeout") {
		name, _, _ := strings.Cut(l, " ")
		names = append(names, name)
	}
	want := "rpc_call,rpc_call,rpc_call,conn_weird,rpc_call,rpc_call,rpc_dialogue,nfs_reply_status,nfs_proc_null,rpc_dialogue,nfs_reply_status,nfs_proc_null"
	if got := strings.Join(names, ","); got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	b, lines = newBench(t, DefaultOptions(), 2049, 0)
	b.Open()
	data := strings.Repeat("d", 100_000)
	for part := range slices.Chunk([]byte(marked(bare(7, 100003, 3, 7, o("fh")+u(0, 0, 100_000, 0)+o(data)), 1<<20)), 1400) {
		b.Talk(true, part)
	}
	b.Talk(false, []byte(marked(answer(7, u(0, 0, 0, 6, 2, 0, 1)), 1<<16)))
	b.Close()
	b.Drain()
	names = nil
	for _, l := range without(*lines, "connection_timeout") {
		name, _, _ := strings.Cut(l, " ")
		names = append(names, name)
	}
	if got, want := strings.Join(names, ","), "conn_weird,rpc_call,rpc_reply,nfs_reply_status,nfs_proc_write,rpc_dialogue"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzStream checks that segmentation does not change the result.
func FuzzStream(f *testing.F) {
	for _, p := range procedures {
		f.Add([]byte(marked(bare(7, 100003, 3, p.proc, p.args), 50)), []byte(marked(answer(7, p.results), 50)), byte(3))
	}
	f.Add([]byte(marked(bare(7, 100000, 2, pmDump, ""), 50)), []byte(marked(answer(7, u(1, 100003, 3, 6, 2049, 0)), 50)), byte(1))
	f.Fuzz(func(t *testing.T, calls, replies []byte, size byte) {
		if len(calls)+len(replies) > 8000 {
			return
		}
		for _, port := range []uint16{111, 635, 2049} {
			play := func(n int) []string {
				b, lines := newBench(t, DefaultOptions(), port, 0)
				b.Open()
				for i, side := range [][]byte{calls, replies} {
					for part := range slices.Chunk(side, n) {
						b.Talk(i == 0, bytes.Clone(part))
					}
				}
				b.Close()
				b.Drain()
				return short(*lines)
			}
			if whole, parts := play(8000), play(1+int(size)); !slices.Equal(whole, parts) {
				t.Errorf("whole: %q\nin parts: %q", whole, parts)
			}
		}
	})
}

// FuzzDatagram checks that no message makes an analyzer panic, nor raise more events than its
// size allows.
func FuzzDatagram(f *testing.F) {
	for _, p := range procedures {
		f.Add([]byte(bare(7, 100003, 3, p.proc, p.args)), []byte(answer(7, p.results)))
	}
	f.Fuzz(func(t *testing.T, call, reply []byte) {
		if len(call) > 8000 || len(reply) > 8000 {
			return
		}
		for _, port := range []uint16{111, 635, 2049} {
			b, lines := newBench(t, DefaultOptions(), port, 0)
			datagrams(b, ">"+string(call), "<"+string(reply))
			b.Drain()
			if n := len(*lines); n > 20+len(call)+len(reply) {
				t.Errorf("%d events", n)
			}
		}
	})
}
