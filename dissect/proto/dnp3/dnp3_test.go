package dnp3

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// hexa decodes hexadecimal digits, ignoring spaces.
func hexa(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// sum appends the checksum of b to dst.
func sum(dst, b []byte) []byte { return binary.LittleEndian.AppendUint16(dst, checksum(b)) }

// TestChecksum tests the checksum of a header that others have made.
func TestChecksum(t *testing.T) {
	if !sumOK(hexa("0564 0549 6400 0100"), hexa("7e5f")) {
		t.Error("the checksum is wrong")
	}
}

// frame returns a frame with a control byte and user data.
func frame(control byte, data []byte) []byte {
	h := []byte{start0, start1, byte(len(data) + counted), control, 10, 0, 1, 0}
	f := sum(h, h)
	for block := range slices.Chunk(data, blockLen) {
		f = sum(append(f, block...), block)
	}
	return f
}

// segments returns the frames of a fragment, in segments of n bytes.
func segments(control byte, fragment []byte, n int) (frames []byte) {
	for i := 0; i == 0 || i < len(fragment); i += n {
		transport := byte(0)
		if i == 0 {
			transport |= first
		}
		if i+n >= len(fragment) {
			transport |= final
		}
		frames = append(frames, frame(control, append([]byte{transport}, fragment[i:min(i+n, len(fragment))]...))...)
	}
	return frames
}

// requested and responded return the frames of a fragment in hexadecimal digits.
func requested(s string) []byte { return segments(0xc4, hexa(s), 249) }
func responded(s string) []byte { return segments(0x44, hexa(s), 249) }

// about matches what precedes an event's name, and the parts that describe its connection.
var about = regexp.MustCompile(`"ts":[^,]*,|"uid":"[^"]*",|"id\.[^,]*,|"args":`)

// newBench returns a bench that records DNP3's events in lines.
func newBench(t testing.TB, set compat.Set, lines *[]string) *testconn.Bench {
	cfg := testconn.Config()
	cfg.Compat = set
	b := testconn.New(t, cfg)
	now := func() value.Time { return b.Now }
	if _, err := event.NewStream(b.Hooks, now, func(line []byte) {
		s := about.ReplaceAllString(string(line), "")
		if strings.Contains(s, "dnp3_") || strings.Contains(s, "DNP3_") {
			*lines = append(*lines, strings.TrimSuffix(strings.TrimPrefix(s, `{"event":"`), "\n"))
		}
	}); err != nil {
		t.Fatal(err)
	}
	tcp, udp := New(b.Hooks, Options{Fragment: 4096, Objects: 1000})
	b.SetAttacher(detect.New([]*detect.Protocol{tcp, udp}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 20000)
	return b
}

// A part is what one side sends.
type part struct {
	isOrig bool
	data   []byte
}

// play sends parts in segments of the given size.
func play(b *testconn.Bench, size int, parts ...part) {
	b.Open()
	for _, p := range parts {
		for data := range slices.Chunk(p.data, size) {
			b.Talk(p.isOrig, data)
		}
	}
	b.Close()
	b.Drain()
}

// expect plays parts in segments of several sizes and compares the lines but for those that
// begin with a prefix of without.
func expect(t *testing.T, name string, want []string, without []string, parts ...part) {
	t.Helper()
	for _, size := range []int{5000, 1, 7} {
		var got []string
		play(newBench(t, 0, &got), size, parts...)
		got = slices.DeleteFunc(got, func(s string) bool {
			return slices.ContainsFunc(without, func(p string) bool { return strings.HasPrefix(s, p) })
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s by %d:\ngot  %s\nwant %s", name, size, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

const confirmed = `analyzer_confirmation_info",{"atype":"Analyzer::ANALYZER_DNP3_TCP","info":{}}}`

func violation(reason string) string {
	return `analyzer_violation_info",{"atype":"Analyzer::ANALYZER_DNP3_TCP","info":{"reason":"` + reason + `"}}}`
}

func outOfBound(what string) string {
	return violation("Binpac exception: binpac exception: out_of_bound: " + what)
}

func weird(name string) string {
	return `conn_weird",{"name":"` + name + `","addl":"","source":"DNP3_TCP"}}`
}

// headers are the events before those of objects.
var headers = []string{"analyzer_confirmation", "dnp3_header_block", "dnp3_application", "dnp3_object_header"}

// TestValues tests the events of counters and analog inputs.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		group, variation byte
		data, want       string
	}{
		{20, 1, "81 fdffffff", `dnp3_counter_32wFlag",{"is_orig":false,"flag":129,"count_value":4294967293}}`},
		{20, 2, "81 fdff", `dnp3_counter_16wFlag",{"is_orig":false,"flag":129,"count_value":65533}}`},
		{20, 5, "fdffffff", `dnp3_counter_32woFlag",{"is_orig":false,"count_value":4294967293}}`},
		{20, 6, "fdff", `dnp3_counter_16woFlag",{"is_orig":false,"count_value":65533}}`},
		{21, 1, "81 fdffffff", `dnp3_frozen_counter_32wFlag",{"is_orig":false,"flag":129,"count_value":4294967293}}`},
		{21, 2, "81 fdff", `dnp3_frozen_counter_16wFlag",{"is_orig":false,"flag":129,"count_value":65533}}`},
		{21, 5, "81 fdffffff 00b8c0754901", `dnp3_frozen_counter_32wFlagTime",{"is_orig":false,"flag":129,"count_value":4294967293,"time48":1415019804672}}`},
		{21, 6, "81 fdff 00b8c0754901", `dnp3_frozen_counter_16wFlagTime",{"is_orig":false,"flag":129,"count_value":65533,"time48":1415019804672}}`},
		{21, 9, "fdffffff", `dnp3_frozen_counter_32woFlag",{"is_orig":false,"count_value":4294967293}}`},
		{21, 10, "fdff", `dnp3_frozen_counter_16woFlag",{"is_orig":false,"count_value":65533}}`},
		{30, 1, "81 fdffffff", `dnp3_analog_input_32wFlag",{"is_orig":false,"flag":129,"value":18446744073709551613}}`},
		{30, 2, "81 fdff", `dnp3_analog_input_16wFlag",{"is_orig":false,"flag":129,"value":18446744073709551613}}`},
		{30, 3, "fdffffff", `dnp3_analog_input_32woFlag",{"is_orig":false,"value":18446744073709551613}}`},
		{30, 4, "fdff", `dnp3_analog_input_16woFlag",{"is_orig":false,"value":18446744073709551613}}`},
		{30, 5, "81 fdffffff", `dnp3_analog_input_SPwFlag",{"is_orig":false,"flag":129,"value":4294967293}}`},
		{30, 6, "81 01000000 00000040", `dnp3_analog_input_DPwFlag",{"is_orig":false,"flag":129,"value_low":1,"value_high":1073741824}}`},
		{31, 1, "81 fdffffff", `dnp3_frozen_analog_input_32wFlag",{"is_orig":false,"flag":129,"frozen_value":18446744073709551613}}`},
		{31, 2, "81 fdff", `dnp3_frozen_analog_input_16wFlag",{"is_orig":false,"flag":129,"frozen_value":18446744073709551613}}`},
		{31, 3, "81 fdffffff 00b8c0754901", `dnp3_frozen_analog_input_32wTime",{"is_orig":false,"flag":129,"frozen_value":18446744073709551613,"time48":1415019804672}}`},
		{31, 4, "81 fdff 00b8c0754901", `dnp3_frozen_analog_input_16wTime",{"is_orig":false,"flag":129,"frozen_value":18446744073709551613,"time48":1415019804672}}`},
		{31, 5, "fdffffff", `dnp3_frozen_analog_input_32woFlag",{"is_orig":false,"frozen_value":18446744073709551613}}`},
		{31, 6, "fdff", `dnp3_frozen_analog_input_16woFlag",{"is_orig":false,"frozen_value":65533}}`},
		{31, 7, "81 fdffffff", `dnp3_frozen_analog_input_SPwFlag",{"is_orig":false,"flag":129,"frozen_value":4294967293}}`},
		{31, 8, "81 01000000 00000040", `dnp3_frozen_analog_input_DPwFlag",{"is_orig":false,"flag":129,"frozen_value_low":1,"frozen_value_high":1073741824}}`},
		{32, 1, "81 fdffffff", `dnp3_analog_input_event_32woTime",{"is_orig":false,"flag":129,"value":18446744073709551613}}`},
		{32, 2, "81 fdff", `dnp3_analog_input_event_16woTime",{"is_orig":false,"flag":129,"value":18446744073709551613}}`},
		{32, 3, "81 fdffffff 00b8c0754901", `dnp3_analog_input_event_32wTime",{"is_orig":false,"flag":129,"value":18446744073709551613,"time48":1415019804672}}`},
		{32, 4, "81 fdff 00b8c0754901", `dnp3_analog_input_event_16wTime",{"is_orig":false,"flag":129,"value":18446744073709551613,"time48":1415019804672}}`},
		{32, 5, "81 fdffffff", `dnp3_analog_input_event_SPwoTime",{"is_orig":false,"flag":129,"value":4294967293}}`},
		{32, 6, "81 01000000 00000040", `dnp3_analog_input_event_DPwoTime",{"is_orig":false,"flag":129,"value_low":1,"value_high":1073741824}}`},
		{32, 7, "81 fdffffff 00b8c0754901", `dnp3_analog_input_event_SPwTime",{"is_orig":false,"flag":129,"value":4294967293,"time48":1415019804672}}`},
		{32, 8, "81 01000000 00000040 00b8c0754901", `dnp3_analog_input_event_DPwTime",{"is_orig":false,"flag":129,"value_low":1,"value_high":1073741824,"time48":1415019804672}}`},
		{33, 1, "81 fdffffff", `dnp3_frozen_analog_input_event_32woTime",{"is_orig":false,"flag":129,"frozen_value":18446744073709551613}}`},
		{33, 2, "81 fdff", `dnp3_frozen_analog_input_event_16woTime",{"is_orig":false,"flag":129,"frozen_value":18446744073709551613}}`},
		{33, 3, "81 fdffffff 00b8c0754901", `dnp3_frozen_analog_input_event_32wTime",{"is_orig":false,"flag":129,"frozen_value":18446744073709551613,"time48":1415019804672}}`},
		{33, 4, "81 fdff 00b8c0754901", `dnp3_frozen_analog_input_event_16wTime",{"is_orig":false,"flag":129,"frozen_value":18446744073709551613,"time48":1415019804672}}`},
		{33, 5, "81 fdffffff", `dnp3_frozen_analog_input_event_SPwoTime",{"is_orig":false,"flag":129,"frozen_value":4294967293}}`},
		{33, 6, "81 01000000 00000040", `dnp3_frozen_analog_input_event_DPwoTime",{"is_orig":false,"flag":129,"frozen_value_low":1,"frozen_value_high":1073741824}}`},
		{33, 7, "81 fdffffff 00b8c0754901", `dnp3_frozen_analog_input_event_SPwTime",{"is_orig":false,"flag":129,"frozen_value":4294967293,"time48":1415019804672}}`},
		{33, 8, "81 01000000 00000040 00b8c0754901", `dnp3_frozen_analog_input_event_DPwTime",{"is_orig":false,"flag":129,"frozen_value_low":1,"frozen_value_high":1073741824,"time48":1415019804672}}`},
	} {
		const status = `dnp3_response_data_object",{"is_orig":false,"data_value":255}}`
		want := []string{`dnp3_object_prefix",{"is_orig":false,"prefix_value":0}}`, c.want, status}
		expect(t, c.data, want, headers, part{false, responded(fmt.Sprintf("c0 81 0000 %02x%02x 00 05 05 ", c.group, c.variation) + c.data)})
	}
}

// TestFrozenAnalogTime tests the layout that Zeek reads.
func TestFrozenAnalogTime(t *testing.T) {
	set, err := compat.Parse(compat.Zeek82)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	play(newBench(t, set, &got), 100, part{false, responded("c0 81 0000 2104 00 05 05 81 fdff0000 00b8c0754901")})
	want := `dnp3_frozen_analog_input_event_16wTime",{"is_orig":false,"flag":129,"frozen_value":18446744073709551613,"time48":1415019804672}}`
	if !slices.Contains(got, want) {
		t.Error(got)
	}
}

// TestObjects tests headers, prefixes and objects of other forms.
func TestObjects(t *testing.T) {
	prefix := func(isOrig bool, n int) string {
		return fmt.Sprintf(`dnp3_object_prefix",{"is_orig":%v,"prefix_value":%d}}`, isOrig, n)
	}
	header := func(isOrig bool, typ, qualifier, n, low, high int) string {
		return fmt.Sprintf(`dnp3_object_header",{"is_orig":%v,"obj_type":%d,"qua_field":%d,"number":%d,"rf_low":%d,"rf_high":%d}}`,
			isOrig, typ, qualifier, n, low, high)
	}
	status := func(n int) string {
		return fmt.Sprintf(`dnp3_response_data_object",{"is_orig":false,"data_value":%d}}`, n)
	}
	for _, c := range []struct {
		data string // a fragment from the function code on; responses begin with 8
		want []string
	}{
		// Ranges.
		{"01 3c02 06", []string{header(true, 15362, 6, 0, 65535, 65535)}},
		{"01 1e00 00 0307", []string{header(true, 7680, 0, 5, 3, 7)}},
		{"01 1e00 01 03000701", []string{header(true, 7680, 1, 261, 3, 263)}},
		{"01 1e00 02 0300000007000100", []string{header(true, 7680, 2, 65541, 3, 65543)}},
		{"01 1e00 03 0307", []string{header(true, 7680, 3, 0, 3, 7)}},
		{"01 1e00 04 03000701", []string{header(true, 7680, 4, 0, 768, 1793)}},
		{"01 1e00 05 0300000007000100", []string{header(true, 7680, 5, 0, 0x03000000, 0x07000100)}},
		{"01 1e00 07 03", []string{header(true, 7680, 7, 3, 3, 0)}},
		{"01 1e00 08 0300", []string{header(true, 7680, 8, 3, 768, 0)}},
		{"01 1e00 09 03000000", []string{header(true, 7680, 9, 3, 0x03000000, 0)}},
		{"01 1e00 0b 03", []string{header(true, 7680, 11, 3, 3, 0)}},
		{"01 1e00 0c 0304", []string{header(true, 7680, 12, 0, 0, 0)}},
		// Bits in bytes.
		{"81 0000 0101 00 0009 ff01", []string{header(false, 257, 0, 10, 0, 9), prefix(false, 0), status(255), prefix(false, 0), status(1)}},
		{"81 0000 0a02 17 02 0581 0601", []string{header(false, 2562, 23, 2, 2, 0), prefix(false, 5), status(129), prefix(false, 6), status(1)}},
		{"81 0000 0301 00 0003 55", []string{header(false, 769, 0, 4, 0, 3), prefix(false, 0), status(255)}},
		// Commands.
		{"05 0c01 28 0100 0700 03 01 64000000 c8000000 00", []string{header(true, 3073, 40, 1, 256, 0), prefix(true, 7),
			`dnp3_crob",{"is_orig":true,"control_code":3,"count8":1,"on_time":100,"off_time":200,"status_code":0}}`}},
		{"05 0c02 07 01 03 01 64000000 c8000000 00", []string{header(true, 3074, 7, 1, 1, 0), prefix(true, 0),
			`dnp3_pcb",{"is_orig":true,"control_code":3,"count8":1,"on_time":100,"off_time":200,"status_code":0}}`}},
		{"05 0c03 07 09 0102", []string{header(true, 3075, 7, 9, 9, 0), prefix(true, 0), prefix(true, 0)}},
		// Files and attributes.
		{"02 4605 5b 01 0b00 04030201 00000080 616263", []string{header(true, 17925, 91, 1, 1, 0), prefix(true, 11),
			`dnp3_file_transport",{"is_orig":true,"file_handle":16909060,"block_num":2147483648,"file_data":"abc"}}`}},
		{"81 0000 00fc 00 0000 01 03 616263", []string{header(false, 252, 0, 1, 0, 0), prefix(false, 0),
			`dnp3_attribute_common",{"is_orig":false,"data_type_code":1,"leng":3,"attribute_obj":"abc"}}`, status(255)}},
		{"81 0000 6e03 00 0001 616263 646566", []string{header(false, 28163, 0, 2, 0, 1), prefix(false, 0), status(255), prefix(false, 0), status(255)}},
		// What is not known.
		{"81 0000 1603 00 0000 6162", []string{header(false, 5635, 0, 1, 0, 0), prefix(false, 0), `dnp3_debug_byte",{"is_orig":false,"debug":"ab"}}`, status(255)}},
		{"84 0000 6162", []string{`dnp3_debug_byte",{"is_orig":false,"debug":"ab"}}`}},
		{"70 6162", nil},
		{"00 6162", nil}, // a confirmation has no objects

		// Too short.
		{"01 3c", []string{outOfBound("Object_Header:qualifier_field: 3 > 1")}},
		{"01 3c02 00 01", []string{outOfBound("Range_Field_0: 2 > 1")}},
		{"01 3c02 01 01", []string{outOfBound("Range_Field_1: 4 > 1")}},
		{"01 3c02 09 010000", []string{outOfBound("Object_Header:range_field_9: 7 > 6")}},
		{"81", []string{outOfBound("DNP3_Application_Response_Header: 4 > 2")}},
		{"81 0000 1e01 00 0001 01", []string{header(false, 7681, 0, 2, 0, 1), outOfBound("Response_Objects:objects: 2 > 1")}},
		{"81 0000 1e01 00 0900 01", []string{header(false, 7681, 0, 4294967288, 9, 0), outOfBound("Response_Objects:objects: -8 > 6")}},
		{"81 0000 0101 00 0011 01", []string{header(false, 257, 0, 18, 0, 17), outOfBound("Response_Objects:biwoflag: 3 > 1")}},
		{"05 0c01 07 02 01", []string{header(true, 3073, 7, 2, 2, 0), outOfBound("Request_Objects:g12v1_objs: 2 > 1")}},
		{"81 0000 0202 17 01 05 0100", []string{header(false, 514, 23, 1, 1, 0), prefix(false, 5), outOfBound("BinInEveAtime:time48: 7 > 2")}},
		{"81 0000 2201 17 01 05 01", []string{header(false, 8705, 23, 1, 1, 0), prefix(false, 5), outOfBound("Response_Data_Object:ai_dead_16: 3 > 2")}},
		{"81 0000 1e01 28 0100 05", []string{header(false, 7681, 40, 1, 256, 0), outOfBound("Prefix_Type:prefix16: 2 > 1")}},
		{"02 4605 5b 01 0700 04030201 00000080 616263", []string{header(true, 17925, 91, 1, 1, 0), prefix(true, 7), outOfBound("File_Transport:file_data: 7 > 11")}},
		{"20 7801 5b 01 0900 01000000 0100 0101", []string{header(true, 30721, 91, 1, 1, 0), prefix(true, 9), outOfBound("AuthChallenge:chan_data: 9 > 8")}},
		{"02 3202 07 01 010203040506 01", []string{header(true, 12802, 7, 1, 1, 0), prefix(true, 0), outOfBound("AbsTimeInterval:interval: 10 > 7")}},
	} {
		frames, isOrig := responded("c0"+c.data), false
		if c.data[0] < '8' {
			frames, isOrig = requested("c0"+c.data), true
		}
		expect(t, c.data, c.want, headers[:3], part{isOrig, frames})
	}
}

// TestHeaders tests the events of the layers below objects.
func TestHeaders(t *testing.T) {
	want := []string{confirmed,
		`dnp3_header_block",{"is_orig":true,"len":8,"ctrl":196,"dest_addr":10,"src_addr":1}}`,
		`dnp3_application_request_header",{"is_orig":true,"application":192,"fc":23}}`,
		`dnp3_header_block",{"is_orig":false,"len":10,"ctrl":68,"dest_addr":10,"src_addr":1}}`,
		`dnp3_application_response_header",{"is_orig":false,"application":192,"fc":129,"iin":36864}}`,
	}
	status := frame(0xc9, nil) // a request for the link's status
	expect(t, "headers", want, nil, part{true, slices.Concat(status, requested("c0 17"))}, part{false, slices.Concat(status, responded("c0 81 9000"))})
}

// TestSegments tests fragments in several frames.
func TestSegments(t *testing.T) {
	fragment := hexa("c0 81 0000 1e02 00 0009" + strings.Repeat("010500", 10))
	want := slices.Repeat([]string{`dnp3_analog_input_16wFlag",{"is_orig":false,"flag":1,"value":5}}`}, 10)
	without := append([]string{"dnp3_object_prefix", "dnp3_response_data"}, headers...)
	for _, n := range []int{1, 5, 16, 249} {
		frames := segments(0x44, fragment, n)
		expect(t, "segments", want, without, part{false, frames})
		expect(t, "twice", slices.Repeat(want, 2), without, part{false, slices.Concat(frames, frames)})
	}
}

// TestOdd tests frames that are not as they should be.
func TestOdd(t *testing.T) {
	good := requested("c0 17")
	damaged := slices.Clone(good)
	damaged[4]++
	data := slices.Clone(good)
	data[11]++
	middle := frame(0xc4, hexa("81 c0 17"))
	short := func(n byte) []byte {
		h := []byte{start0, start1, n, 0xc4, 10, 0, 1, 0}
		return append(sum(h, h), 0)
	}
	begun := []string{confirmed, `dnp3_header_block",{"is_orig":true,"len":8,"ctrl":196,"dest_addr":10,"src_addr":1}}`}
	for name, c := range map[string]struct {
		in   []byte
		want []string
	}{
		"magic":  {append([]byte("GET / HTTP/1.1\r\n"), good...), []string{weird("dnp3_header_lacks_magic")}},
		"header": {slices.Concat(damaged, good), []string{weird("dnp3_corrupt_header_checksum"), violation("broken_checksum")}},
		"data":   {slices.Concat(data, good), append(slices.Clone(begun), weird("dnp3_corrupt_app_chunk_checksum"))},
		"first":  {slices.Concat(middle, good), append(slices.Clone(begun), weird("dnp3_first_application_layer_chunk_missing"))},
		"opposite": {responded("c0 17"), []string{confirmed, weird("dnp3_unexpected_flow_direction"), `dnp3_header_block",{"is_orig":true,"len":8,"ctrl":68,"dest_addr":10,"src_addr":1}}`,
			`dnp3_application_request_header",{"is_orig":true,"application":192,"fc":23}}`}},
		"short": {slices.Concat(short(3), good), []string{confirmed, `dnp3_header_block",{"is_orig":true,"len":3,"ctrl":196,"dest_addr":10,"src_addr":1}}`,
			outOfBound("DNP3_Application_Request_Header: 2 > 0")}},
	} {
		expect(t, name, c.want, nil, part{true, c.in})
	}
}

// TestLinkOnly tests that a frame without user data takes nothing with it, unless the run
// follows Zeek.
func TestLinkOnly(t *testing.T) {
	set, err := compat.Parse(compat.Zeek82)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  compat.Set
		want int
	}{{0, 2}, {set, 1}} {
		var got []string
		status := part{true, frame(0xc9, nil)}
		read := part{true, requested("c0 17")}
		play(newBench(t, c.set, &got), 100, status, read, read)
		n := 0
		for _, s := range got {
			if strings.HasPrefix(s, "dnp3_application_request_header") {
				n++
			}
		}
		if n != c.want {
			t.Errorf("%d requests of two: %s", n, got)
		}
	}
}

// TestDatagrams tests DNP3 over UDP, by signature.
func TestDatagrams(t *testing.T) {
	var got []string
	b := newBench(t, 0, &got)
	b.Packet(testconn.UDP(b.Client, b.Server, requested("c0 17")))
	b.Packet(testconn.UDP(b.Server, b.Client, responded("c0 81 0000")))
	b.Drain()
	if !slices.Contains(got, `dnp3_application_response_header",{"is_orig":false,"application":192,"fc":129,"iin":0}}`) ||
		!slices.Contains(got, strings.Replace(confirmed, "TCP", "UDP", 1)) {
		t.Error(got)
	}
}

// TestLimits tests a fragment that is too long, and one of too many objects.
func TestLimits(t *testing.T) {
	limit := func(name string) conn.Limit { return conn.Limit{Protocol: "DNP3", Name: name} }
	b := newBench(t, 0, new([]string))
	b.Open()
	for range 20 {
		b.Talk(true, frame(0xc4, append([]byte{first}, make([]byte, 249)...)))
	}
	if n := b.Table.LimitCounts()[limit("fragment")]; n != 1 {
		t.Errorf("%d fragments were too long", n)
	}
	var got []string
	b = newBench(t, 0, &got)
	// Strings of no bytes.
	objects := segments(0x44, hexa("c0 81 0000"+strings.Repeat("6e00 07 f0", 300)), 249)
	play(b, 5000, part{false, objects}, part{true, requested("c0 17")})
	if n := b.Table.LimitCounts()[limit("objects")]; n != 1 {
		t.Errorf("the limit of objects was hit %d times", n)
	}
	if n := len(got); n < 2000 || n > 2100 || !strings.HasPrefix(got[n-1], "dnp3_application_request_header") {
		t.Errorf("%d events, the last %s", n, got[n-1])
	}
}

// TestHeld tests more incomplete fragments than may be kept.
func TestHeld(t *testing.T) {
	cfg := testconn.Config()
	cfg.MessageBytes = 1 << 20
	b := testconn.New(t, cfg)
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	tcp, _ := New(b.Hooks, DefaultOptions())
	segment := frame(0xc4, append([]byte{first}, make([]byte, 249)...))
	a := tcp.New(b.Table.Nested(c, &tcp.Protocol)).(*analyzer)
	for range cfg.MessageBytes/249 + 1 {
		a.Data(true, segment)
	}
	if n := b.Table.LimitCounts()[conn.Limit{Protocol: "DNP3", Name: "incomplete_messages"}]; n != 1 {
		t.Errorf("counted %d times", n)
	}
}

// talk is a request and a response with 16 analog inputs.
var talk = [2][]byte{requested("c0 01 1e02 00 000f"), responded("c0 81 0000 1e02 00 000f" + strings.Repeat("010500", 16))}

// listening returns an analyzer with listeners to all events of talk.
func listening(t testing.TB) *analyzer {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.DNP3
	h.HeaderBlock.Listen(func(*event.DNP3HeaderBlock) {})
	h.ApplicationRequestHeader.Listen(func(*event.DNP3ApplicationRequestHeader) {})
	h.ApplicationResponseHeader.Listen(func(*event.DNP3ApplicationResponseHeader) {})
	h.ObjectHeader.Listen(func(*event.DNP3ObjectHeader) {})
	h.ObjectPrefix.Listen(func(*event.DNP3ObjectPrefix) {})
	h.AnalogInput16wFlag.Listen(func(*event.DNP3AnalogInput16wFlag) {})
	h.ResponseDataObject.Listen(func(*event.DNP3ResponseDataObject) {})
	tcp, _ := New(b.Hooks, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{tcp}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return tcp.New(b.Table.Nested(c, &tcp.Protocol)).(*analyzer)
}

// BenchmarkObjects reads responses with 16 objects each.
func BenchmarkObjects(b *testing.B) {
	a := listening(b)
	b.SetBytes(int64(len(talk[1])))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		a.Data(false, talk[1])
		n += 16
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/object")
}

// upToViolation returns the lines up to the first violation. After it the responder's
// signature may attach an analyzer again, to as much of the past as was kept.
func upToViolation(lines []string) []string {
	for i, s := range lines {
		if strings.HasPrefix(s, "analyzer_violation") {
			return lines[:i+1]
		}
	}
	return lines
}

// FuzzSegments checks that segmentation makes no difference and that nothing panics.
func FuzzSegments(f *testing.F) {
	f.Add([]byte("\xc0\x05\x0c\x01\x28\x01\x00\x07\x00\x03\x01\x64\x00\x00\x00\xc8\x00\x00\x00\x00"), []byte("\xc0\x81\x00\x00\x1e\x02\x00\x00\x00\x01\x05\x00"), uint8(2), uint8(5))
	f.Add([]byte("\xc0\x02\x46\x05\x5b\x01\x0b\x00\x04\x03\x02\x01\x00\x00\x00\x80abc"), []byte("\xc0\x81\x00\x00\x5b\x01\x07\x01\x01\x00\x00\x00\x01\x02\x00a"), uint8(0), uint8(200))
	f.Add([]byte("\xc0\x01\x3c\x02\x06"), []byte("\xc0\x82\x00\x00\x78\x05\x5b\x01\x0f\x00\x01\x00\x00\x00\x01\x00\x01\x01\x01\x02\x00abcd"), uint8(9), uint8(1))
	f.Fuzz(func(t *testing.T, orig, resp []byte, size, n uint8) {
		if len(orig)+len(resp) > 2048 {
			return // in longer input a violation does not remove the analyzer
		}
		in := []part{{true, segments(0xc4, orig, int(n)%249+1)}, {false, segments(0x44, resp, int(n)%249+1)}}
		run := func(size int) (lines []string) {
			b := newBench(t, 0, &lines)
			play(b, size, in...)
			if b.Table.Stats().Panics != 0 {
				t.Fatal("panic")
			}
			return upToViolation(lines)
		}
		if whole, cut := run(1<<14), run(int(size)+1); !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}

// FuzzFrames checks the same for any bytes.
func FuzzFrames(f *testing.F) {
	f.Add(talk[0], talk[1], uint8(3))
	f.Add(frame(0xc9, nil), append(frame(0x0b, nil), 5, 100), uint8(10))
	f.Fuzz(func(t *testing.T, orig, resp []byte, size uint8) {
		if len(orig)+len(resp) > 4096 {
			return
		}
		run := func(size int) (lines []string) {
			b := newBench(t, 0, &lines)
			play(b, size, part{true, orig}, part{false, resp})
			if b.Table.Stats().Panics != 0 {
				t.Fatal("panic")
			}
			return upToViolation(lines)
		}
		if whole, cut := run(1<<14), run(int(size)+1); !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}
