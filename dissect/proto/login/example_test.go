package login_test

import (
	"fmt"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/login"
)

// A listener that knows better than the lists: what follows this line needs no login.
func ExampleSetState() {
	var hooks event.Hooks
	hooks.Login.OutputLine.Listen(func(e *event.LoginOutputLine) {
		if s, ok := login.StateOf(e.Conn); ok && s == login.StateAuthenticate && string(e.Line) == "guests are welcome" {
			login.SetState(e.Conn, login.StateLoggedIn)
		}
	})
	fmt.Println(hooks.Login.OutputLine.On())
	// Output: true
}
