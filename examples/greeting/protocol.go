// Package greeting adds a protocol to wirelog from outside: an analyzer over UDP, an event,
// a log, and a format for it.
//
// A client sends "HELLO name", the server answers "WELCOME name".
package greeting

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// Greeting is raised for every message.
type Greeting struct {
	Conn   event.Conn `json:"-"`
	IsOrig bool       `json:"is_orig"`
	Name   string     `json:"name"`
}

// EventConn makes event streams identify the connection.
func (g *Greeting) EventConn() event.Conn { return g.Conn }

// Row is a row of greeting.log.
type Row struct {
	TS   value.Time `zeek:"ts" doc:"Time of the message."`
	UID  string     `zeek:"uid" doc:"Identifier of the connection."`
	ID   schemas.ID `zeek:"id" doc:"Endpoints of the connection."`
	Name string     `zeek:"name" doc:"Who is greeted."`
	Orig bool       `zeek:"is_orig" doc:"Whether the client greets."`
}

var log = schemas.MustOf[Row]("greeting", "Greetings.")

// Add adds protocol, event and log to a run.
func Add(o *pipeline.Options) {
	o.Schemas = append(o.Schemas, log.Schema())
	o.Extend = func(x *pipeline.Extension) error {
		hook, err := event.Declare[Greeting](x.Hooks, "greeting")
		if err != nil {
			return err
		}
		x.AddProtocol(func(*files.Manager) *detect.Protocol { return protocol(hook) })
		return nil
	}
	o.Builders = append(o.Builders, logs.Builder{
		Schemas: []*schemas.Schema{log.Schema()},
		Install: install,
	})
}

// install emits a row for every event.
func install(h *event.Hooks, out schemas.Emitter, o *logs.Options) {
	row := log.New()
	event.Declared[Greeting](h, "greeting").Listen(func(e *Greeting) {
		id := e.Conn.ID()
		row.V = Row{TS: o.Now(), UID: e.Conn.UID().String(), ID: logs.Endpoints(&id), Name: e.Name, Orig: e.IsOrig}
		out.Emit(row)
	})
}

func protocol(hook *event.Hook[Greeting]) *detect.Protocol {
	return &detect.Protocol{
		Protocol: conn.Protocol{Name: "GREETING", Service: "greeting",
			New: func(u conn.Use) conn.Analyzer { return &analyzer{u, hook} }},
		Transport: value.ProtoUDP,
		Ports:     []uint16{4000},
		Signatures: []detect.Signature{{Orig: func(b []byte) detect.Verdict {
			return detect.StartsWith(b, "HELLO ")
		}}},
	}
}

// analyzer follows one flow.
type analyzer struct {
	conn.Use
	hook *event.Hook[Greeting]
}

// Data takes a datagram.
func (a *analyzer) Data(isOrig bool, b []byte) {
	verb := "WELCOME "
	if isOrig {
		verb = "HELLO "
	}
	name, ok := bytes.CutPrefix(b, []byte(verb))
	if !ok {
		a.Violate(conn.Violation{Reason: "no greeting", Data: b})
		return
	}
	a.Confirm()
	if e := a.hook.Begin(); e != nil {
		*e = Greeting{Conn: a.Conn(), IsOrig: isOrig, Name: string(name)}
		a.hook.Raise(e)
	}
}

// Gap does nothing: datagrams are whole.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Done does nothing.
func (a *analyzer) Done() {}
