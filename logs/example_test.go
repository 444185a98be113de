package logs_test

import (
	"net/netip"
	"os"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/tsv"
)

// Agent is a row of a log that Zeek does not have: the programs that clients name.
type Agent struct {
	TS    value.Time `zeek:"ts" doc:"Time of the request."`
	ID    schemas.ID `zeek:"id" doc:"The connection's endpoints."`
	Agent string     `zeek:"agent" doc:"Value of the header User-Agent."`
}

// agents describes the log. It is made once and used by all shards.
var agents = schemas.MustOf[Agent]("http_agents", "Agent is a program that sends HTTP requests.")

// agentBuilder is what a program passes to pipeline.Options.Builders.
var agentBuilder = logs.Builder{
	Schemas: []*schemas.Schema{agents.Schema()},
	Install: func(h *event.Hooks, out schemas.Emitter, o *logs.Options) {
		row := agents.New() // each shard has its own, which is emitted again and again
		h.HTTP.Header.Listen(func(e *event.HTTPHeader) {
			if !e.IsOrig || string(e.Name) != "USER-AGENT" {
				return
			}
			id := e.Conn.ID()
			row.V = Agent{TS: o.Now(), ID: logs.Endpoints(&id), Agent: string(e.Value)}
			out.Emit(row)
		})
	},
}

// A builder writes a log of its own. Package pipeline takes the same two values, in its
// Options.Schemas and Options.Builders; here they are driven by hand.
func ExampleBuilder() {
	var hooks event.Hooks
	logs.Install(&hooks, stdout{}, logs.Options{
		Now: func() value.Time { return 1_700_000_000 * value.Second },
	}).Add(agentBuilder)
	hooks.HTTP.Header.Raise(&event.HTTPHeader{
		Conn: client{}, IsOrig: true, Name: []byte("USER-AGENT"), Value: []byte("curl/8.5"),
	})
	// Output:
	// 1700000000.000000	10.0.0.1	1025	10.0.0.2	80	curl/8.5
}

// stdout writes the rows of http_agents to standard output.
type stdout struct{}

func (stdout) On(s *schemas.Schema) bool { return s == agents.Schema() }

func (stdout) Emit(rec schemas.Record) {
	os.Stdout.Write(tsv.New(rec.Schema(), 0).Append(nil, rec))
}

func (o stdout) EmitGated(rec schemas.Record, _ schemas.Gate) { o.Emit(rec) }

// client is a connection.
type client struct{ event.Conn }

func (client) ID() event.ConnID {
	return event.ConnID{OrigH: netip.MustParseAddr("10.0.0.1"), OrigP: 1025, RespH: netip.MustParseAddr("10.0.0.2"), RespP: 80}
}
