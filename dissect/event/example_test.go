package event_test

import (
	"fmt"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Listeners are plain functions on the hook of an event.
func ExampleHook() {
	var hooks event.Hooks
	hooks.Weird.Net.Listen(func(e *event.NetWeird) {
		fmt.Printf("%s: %s\n", e.Name, e.Addl)
	})
	hooks.Weird.Net.Raise(&event.NetWeird{Name: "truncated_IP", Addl: []byte("12 bytes")})
	// Output: truncated_IP: 12 bytes
}

// A Stream turns events into lines of JSON.
func ExampleNewStream() {
	var hooks event.Hooks
	now := func() value.Time { return 1449265638420145000 }
	_, err := event.NewStream(&hooks, now, func(line []byte) { fmt.Print(string(line)) }, "net_*")
	if err != nil {
		fmt.Println(err)
		return
	}
	hooks.Weird.Net.Raise(&event.NetWeird{Name: "truncated_IP"})
	// Output: {"ts":1449265638.420145,"event":"net_weird","args":{"name":"truncated_IP","addl":"","source":""}}
}
