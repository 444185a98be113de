package modbus

import (
	"encoding/hex"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

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

// about matches what precedes an event's name, and the parts that describe its connection.
var about = regexp.MustCompile(`"ts":[^,]*,|"uid":"[^"]*",|"id\.[^,]*,|"headers":\{[^}]*\},?|"args":`)

// newBench returns a bench that records Modbus events in lines, without the text common to a
// talk.
func newBench(t testing.TB, lines *[]string) *testconn.Bench {
	b := testconn.New(t, testconn.Config())
	now := func() value.Time { return b.Now }
	if _, err := event.NewStream(b.Hooks, now, func(line []byte) {
		s := about.ReplaceAllString(string(line), "")
		if strings.Contains(s, "modbus_") || strings.Contains(s, "MODBUS") {
			*lines = append(*lines, strings.TrimSuffix(strings.TrimPrefix(s, `{"event":"`), "\n"))
		}
	}); err != nil {
		t.Fatal(err)
	}
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks)}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 502)
	return b
}

// play sends messages, requests after > and responses after <, in segments of the given size.
func play(b *testconn.Bench, size int, talk ...string) {
	b.Open()
	for _, m := range talk {
		data := hexa(m[1:])
		for part := range slices.Chunk(data, size) {
			b.Talk(m[0] == '>', part)
		}
	}
	b.Close()
	b.Drain()
}

const confirmed = `analyzer_confirmation_info",{"atype":"Analyzer::ANALYZER_MODBUS","info":{}}}`

func violation(reason string) string {
	return `analyzer_violation_info",{"atype":"Analyzer::ANALYZER_MODBUS","info":{"reason":"` + reason + `"}}}`
}

func outOfBound(what string) string {
	return violation("Binpac exception: binpac exception: out_of_bound: " + what)
}

// TestFunctions tests each function with its data.
func TestFunctions(t *testing.T) {
	for _, c := range []struct {
		data string // direction, function code and data
		want string
	}{
		{">01 0013 0025", `modbus_read_coils_request",{"start_address":19,"quantity":37}}`},
		{"<01 02 cd01", `modbus_read_coils_response",{"coils":[true,false,true,true,false,false,true,true,true,false,false,false,false,false,false,false]}}`},
		{">02 00c4 0016", `modbus_read_discrete_inputs_request",{"start_address":196,"quantity":22}}`},
		{"<02 01 03", `modbus_read_discrete_inputs_response",{"coils":[true,true,false,false,false,false,false,false]}}`},
		{">03 006b 0003", `modbus_read_holding_registers_request",{"start_address":107,"quantity":3}}`},
		{"<03 04 022b 0000", `modbus_read_holding_registers_response",{"registers":[555,0]}}`},
		{">04 0008 0001", `modbus_read_input_registers_request",{"start_address":8,"quantity":1}}`},
		{"<04 02 000a", `modbus_read_input_registers_response",{"registers":[10]}}`},
		{">05 00ac ff00", `modbus_write_single_coil_request",{"address":172,"value":true}}`},
		{"<05 00ac 0000", `modbus_write_single_coil_response",{"address":172,"value":false}}`},
		{">06 0001 0003", `modbus_write_single_register_request",{"address":1,"value":3}}`},
		{"<06 0001 0003", `modbus_write_single_register_response",{"address":1,"value":3}}`},
		{">0f 0013 000a 02 cd01", `modbus_write_multiple_coils_request",{"start_address":19,"coils":[true,false,true,true,false,false,true,true,true,false]}}`},
		{"<0f 0013 000a", `modbus_write_multiple_coils_response",{"start_address":19,"quantity":10}}`},
		{">10 0001 0002 04 000a 0102", `modbus_write_multiple_registers_request",{"start_address":1,"registers":[10,258]}}`},
		{"<10 0001 0002", `modbus_write_multiple_registers_response",{"start_address":1,"quantity":2}}`},
		{">14 0e 06 0004 0001 0002 06 0003 0009 0002", `modbus_read_file_record_request",{"byte_count":14,"refs":[` +
			`{"ref_type":6,"file_num":4,"record_num":1,"record_len":2},{"ref_type":6,"file_num":3,"record_num":9,"record_len":2}]}}`},
		{"<14 0c 05 06 30313233 05 06 34353637", `modbus_read_file_record_response",{"byte_count":12,"refs":[` +
			`{"file_len":5,"ref_type":6,"record_data":"0123"},{"file_len":5,"ref_type":6,"record_data":"4567"}]}}`},
		{">15 0b 06 0004 0007 0002 30313233", `modbus_write_file_record_request",{"byte_count":11,"refs":[` +
			`{"ref_type":6,"file_num":4,"record_num":7,"record_len":2,"record_data":"0123"}]}}`},
		{"<15 0b 06 0004 0007 0002 30313233", `modbus_write_file_record_response",{"byte_count":11,"refs":[` +
			`{"ref_type":6,"file_num":4,"record_num":7,"record_len":2,"record_data":"0123"}]}}`},
		{">16 0004 00f2 0025", `modbus_mask_write_register_request",{"address":4,"and_mask":242,"or_mask":37}}`},
		{"<16 0004 00f2 0025", `modbus_mask_write_register_response",{"address":4,"and_mask":242,"or_mask":37}}`},
		{">17 0003 0006 000e 0002 04 00ff 00fe", `modbus_read_write_multiple_registers_request",{"read_start_address":3,` +
			`"read_quantity":6,"write_start_address":14,"write_registers":[255,254]}}`},
		{"<17 04 00fe 0acd", `modbus_read_write_multiple_registers_response",{"written_registers":[254,2765]}}`},
		{">18 04de", `modbus_read_fifo_queue_request",{"start_address":1246}}`},
		{"<18 0006 0002 01b8 1284", `modbus_read_fifo_queue_response",{"fifos":[440,4740]}}`},
		{"<81 02", `modbus_exception",{"code":2}}`},
		// These have no events of their own: diagnostics, invalid coil values, identification,
		// vendor functions, and an exception code in a request.
		{">08 0000 a537", ""}, {"<08 0000 a537", ""}, {">05 0001 0001", ""}, {"<05 0001 0100", ""}, {">2b 0e 01 00", ""}, {"<2b 0e", ""}, {">5a", ""}, {"<41 ff", ""}, {">81", ""},

		// The announced data is missing.
		{">01 0013 00", outOfBound("ReadCoilsRequest: 4 > 3")},
		{"<01", outOfBound("ReadCoilsResponse:byte_count: 1 > 0")},
		{"<02 02 cd", outOfBound("ReadDiscreteInputsResponse:bits: 3 > 2")},
		{"<03 ff 0001", outOfBound("ReadHoldingRegistersResponse:registers: 256 > 3")},
		{"<04 03 000a 01", violation("invalid value for modbus read input register response byte count 3")},
		{"<06 00", outOfBound("WriteSingleRegisterResponse: 4 > 1")},
		{">0f 0013 ffff 03 cd01", outOfBound("WriteMultipleCoilsRequest:coils: 8 > 7")},
		{">0f 0013 ffff 01 01", `modbus_write_multiple_coils_request",{"start_address":19,"coils":[true,false,false,false,false,false,false,false]}}`},
		{">10 0001 0003 04 000a 0102", outOfBound("WriteMultipleRegistersRequest:registers: 3 > 4")},
		{">14 08 06 0004 0001 0002 06", outOfBound("FileRecordRequest: 7 > 1")},
		{"<14 06 06 06 30313233", outOfBound("FileRecordResponse:record_data: 7 > 6")},
		{"<14 02 00 06", violation("invalid value for modbus read file record response length 0")},
		{">15 07 06 0004 0007 ffff", outOfBound("ReferenceWithData:record_data: 131077 > 7")},
		{">17 0003 0006 000e ffff 02 0001", outOfBound("ReadWriteMultipleRegistersRequest:write_register_values: 65535 > 2")},
		{"<18 0006 ffff 01b8", outOfBound("ReadFIFOQueueResponse:register_data: 131074 > 6")},
		{"<81", outOfBound("ModbusTCP_ExceptResponse: 1 > 0")},
	} {
		data := strings.ReplaceAll(c.data[1:], " ", "")
		length := hex.EncodeToString([]byte{byte((len(data)/2 + 1) >> 8), byte(len(data)/2 + 1)})
		isOrig := "false"
		if c.data[0] == '>' {
			isOrig = "true"
		}
		want := []string{`modbus_message",{"is_orig":` + isOrig + `}}`}
		if c.want != "" {
			want = append(want, c.want)
		}
		if !strings.HasPrefix(c.want, "analyzer") {
			want = append(want, confirmed)
		}
		for _, size := range []int{1000, 1, 3} {
			var got []string
			play(newBench(t, &got), size, c.data[:1]+"0007 0000 "+length+" 11"+data)
			if !slices.Equal(got, want) {
				t.Errorf("%s by %d:\ngot  %s\nwant %s", c.data, size, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		}
	}
}

func TestHeader(t *testing.T) {
	b := newBench(t, new([]string))
	var got []event.ModbusHeaders
	b.Hooks.Modbus.Message.Listen(func(e *event.ModbusMessage) { got = append(got, e.Headers) })
	play(b, 7, ">0102 0000 0006 fe 03 0000 0001 0103 0000 0003 fe 5a 00", "<0102 0000 0002 fe 7f")
	want := []event.ModbusHeaders{{TID: 258, UID: 254, FunctionCode: 3, Len: 6}, {TID: 259, UID: 254, FunctionCode: 90, Len: 3},
		{TID: 258, UID: 254, FunctionCode: 127, Len: 2}}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// TestNotModbus tests input that is not Modbus.
func TestNotModbus(t *testing.T) {
	for in, want := range map[string]string{
		">1603 0100 0200 0100": violation("Binpac exception: binpac exception: &enforce violation : ModbusTCP_TransportHeader:pid"),
		">0001 0000 0001 0101": violation("Binpac exception: binpac exception: &enforce violation : ModbusTCP_TransportHeader:len"),
	} {
		for _, size := range []int{1000, 1} {
			var got []string
			play(newBench(t, &got), size, in+" 0001 0000 0002 0101")
			if !slices.Equal(got, []string{want}) {
				t.Errorf("%s: got %s", in, got)
			}
		}
	}
}

// TestIncomplete tests messages that never become complete.
func TestIncomplete(t *testing.T) {
	var got []string
	b := newBench(t, &got)
	play(b, 100, ">0001 0000 ffff 01", "<0001 0000 ffff 0103 02")
	if want := []string{`modbus_message",{"is_orig":false}}`}; !slices.Equal(got, want) {
		t.Error(got)
	}
}

// TestHeld tests more incomplete messages than may be kept.
func TestHeld(t *testing.T) {
	b := newBench(t, new([]string))
	weirds := 0
	b.Hooks.Weird.Conn.Listen(func(*event.ConnWeird) { weirds++ })
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	message := append(hexa("0001 0000 ffff 0101"), make([]byte, 60000)...)
	p := New(b.Hooks)
	for range conn.DefaultOptions().MessageBytes/len(message) + 1 {
		p.New(b.Table.Nested(c, new(conn.Protocol))).Data(true, message)
	}
	if weirds != 1 || b.Table.LimitCounts()[conn.Limit{Protocol: "MODBUS", Name: "incomplete_messages"}] != 1 {
		t.Errorf("got %d weirds", weirds)
	}
}

// talk is a typical request and response.
var talk = [2][]byte{hexa("0001 0000 0006 01 03 006b 0003"), hexa("0001 0000 0009 01 03 06 022b 0000 0064")}

// listening returns an analyzer with listeners to all events of talk.
func listening(t testing.TB) *analyzer {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.Modbus
	h.Message.Listen(func(*event.ModbusMessage) {})
	h.ReadHoldingRegistersRequest.Listen(func(*event.ModbusReadHoldingRegistersRequest) {})
	h.ReadHoldingRegistersResponse.Listen(func(*event.ModbusReadHoldingRegistersResponse) {})
	p := New(b.Hooks)
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return p.New(b.Table.Nested(c, &p.Protocol)).(*analyzer)
}

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.SetBytes(int64(len(talk[0]) + len(talk[1])))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, talk[0])
		a.Data(false, talk[1])
	}
}

// FuzzSegments checks that segmentation makes no difference and that nothing panics.
func FuzzSegments(f *testing.F) {
	f.Add(talk[0], talk[1], uint8(2))
	f.Add(hexa("0001 0000 0012 01 15 0f 06 0004 0007 0004 3031323334353637"), hexa("0001 0000 0003 01 95 02"), uint8(5))
	f.Add(hexa("0001 0000 0009 01 14 07 06 0004 0001 0002"), hexa("0001 0000 0009 01 14 06 05 06 30313233"), uint8(0))
	f.Add(hexa("0001 0000 0006 01 05 0001 0001 0001 0000 0002 01 07"), hexa("0001 0000 0008 01 18 0004 0001 01b8"), uint8(1))
	f.Fuzz(func(t *testing.T, orig, resp []byte, size uint8) {
		if len(orig)+len(resp) > 4096 {
			return // in longer input a violation does not remove the analyzer
		}
		run := func(size int) (lines []string) {
			b := newBench(t, &lines)
			play(b, size, ">"+hex.EncodeToString(orig), "<"+hex.EncodeToString(resp))
			if b.Table.Stats().Panics != 0 {
				t.Fatal("panic")
			}
			return lines
		}
		if whole, cut := run(1<<14), run(int(size)+1); !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}
