package event_test

import (
	"fmt"
	"net/netip"

	"github.com/wirelog/wirelog/dissect/event"
)

func ExampleParseFTPPort() {
	p := event.ParseFTPPort([]byte("10,0,0,1,4,31"))
	fmt.Println(p.H, p.P.Num, p.Valid)
	// Output: 10.0.0.1 1055 true
}

func ExampleParseEFTPPort() {
	p := event.ParseEFTPPort([]byte("|2|2001:db8::1|1055|"))
	fmt.Println(p.H, p.P.Num, p.Valid)
	// Output: 2001:db8::1 1055 true
}

func ExampleParseFTPPASV() {
	p := event.ParseFTPPASV([]byte("Entering Passive Mode (192,0,2,1,178,21)."))
	fmt.Println(p.H, p.P.Num, p.Valid)
	// Output: 192.0.2.1 45589 true
}

func ExampleParseFTPEPSV() {
	p := event.ParseFTPEPSV([]byte("Entering Extended Passive Mode (|||1055|)"))
	fmt.Println(p.H, p.P.Num, p.Valid)
	// Output: :: 1055 true
}

func ExampleAppendFTPPort() {
	fmt.Printf("%s\n", event.AppendFTPPort(nil, netip.MustParseAddr("10.0.0.1"), 1055))
	// Output: 10,0,0,1,4,31
}

func ExampleUnescapeURI() {
	uri := event.UnescapeURI(nil, []byte("/a%20path%"), func(weird string) { fmt.Println(weird) })
	fmt.Printf("%s\n", uri)
	// Output:
	// illegal_%_at_end_of_URI
	// /a path%
}

func ExampleAppendNetBIOSName() {
	fmt.Printf("%s\n", event.AppendNetBIOSName(nil, []byte("FEEFFDFECACACACACACACACACACACAAA")))
	// Output: TEST
}

// The type 0x20 is that of a file server.
func ExampleNetBIOSNameType() {
	fmt.Printf("%#x\n", event.NetBIOSNameType([]byte("FEEFFDFECACACACACACACACACACACACA")))
	// Output: 0x20
}
