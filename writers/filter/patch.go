package filter

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers/internal/text"
)

// columnNames turns member expressions such as id.orig_h into one name, and notes which
// columns are used.
type columnNames struct {
	fields map[string]*schemas.Field
	used   map[string]bool
	err    error
}

// Visit implements ast.Visitor.
func (c *columnNames) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		c.use(n.Value)
	case *ast.MemberNode:
		name := dotted(n)
		if name == "" {
			return
		}
		if c.use(name) {
			ast.Patch(node, &ast.IdentifierNode{Value: name})
			return
		}
		first, _, _ := strings.Cut(name, ".")
		for column := range c.fields {
			if strings.HasPrefix(column, name+".") {
				return // the name continues
			}
			if strings.HasPrefix(column, first+".") && c.err == nil {
				c.err = unknown(name, c.fields)
			}
		}
	}
}

func (c *columnNames) use(name string) bool {
	if c.fields[name] == nil {
		return false
	}
	if c.used == nil {
		c.used = make(map[string]bool)
	}
	c.used[name] = true
	return true
}

// dotted returns the names joined by dots, or "" if n is another expression.
func dotted(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.MemberNode:
		left := dotted(n.Node)
		right, ok := n.Property.(*ast.StringNode)
		if left == "" || !ok {
			return ""
		}
		return left + "." + right.Value
	default:
		return ""
	}
}

// guard adds to every condition that its columns are set, and checks the constants that
// are compared with addresses.
type guard struct {
	fields map[string]*schemas.Field
	err    error
}

// Visit implements ast.Visitor.
func (g *guard) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "&&", "and", "||", "or":
			g.column(&n.Left)
			g.column(&n.Right)
		case "==", "!=":
			if isNil(n.Left) || isNil(n.Right) {
				return
			}
			g.addresses(n.Left, n.Right)
			g.addresses(n.Right, n.Left)
			g.condition(node)
		case "in":
			g.addresses(n.Left, n.Right)
			g.condition(node)
		case "<", ">", "<=", ">=", "matches", "contains", "startsWith", "endsWith":
			g.condition(node)
		}
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			g.column(&n.Node)
		}
	case *ast.ConditionalNode:
		g.column(&n.Cond)
	case *ast.BuiltinNode:
		switch n.Name {
		case "any", "all", "one", "none", "hasPrefix", "hasSuffix":
			g.condition(node)
		}
	case *ast.CallNode:
		if f, ok := n.Callee.(*ast.IdentifierNode); ok && f.Value == "cidr" {
			g.networks(n)
			g.condition(node)
		}
	}
}

func isNil(n ast.Node) bool {
	_, ok := n.(*ast.NilNode)
	return ok
}

// column turns a bool column that stands by itself into a condition.
func (g *guard) column(node *ast.Node) {
	if id, ok := (*node).(*ast.IdentifierNode); ok && g.fields[id.Value] != nil {
		*node = &ast.BinaryNode{Operator: "==", Left: *node, Right: &ast.BoolNode{Value: true}}
	}
}

// condition returns "a != nil && b != nil && node" for a node that uses a and b.
func (g *guard) condition(node *ast.Node) {
	var names columnsOf
	names.fields = g.fields
	names.collect(*node)
	guarded := *node
	for i := len(names.list) - 1; i >= 0; i-- {
		set := &ast.BinaryNode{Operator: "!=", Left: &ast.IdentifierNode{Value: names.list[i]}, Right: &ast.NilNode{}}
		guarded = &ast.BinaryNode{Operator: "&&", Left: set, Right: guarded}
	}
	if guarded != *node {
		guarded.SetLocation((*node).Location())
		*node = guarded
	}
}

// columnsOf collects the columns without which an expression has no value.
type columnsOf struct {
	fields map[string]*schemas.Field
	list   []string
	// free lists nodes to skip.
	free map[ast.Node]bool
}

func (c *columnsOf) collect(n ast.Node) {
	c.free = make(map[ast.Node]bool)
	finder := freeNodes{c.free}
	ast.Walk(&n, finder)
	ast.Walk(&n, c)
}

// Visit implements ast.Visitor.
func (c *columnsOf) Visit(node *ast.Node) {
	id, ok := (*node).(*ast.IdentifierNode)
	if !ok || c.fields[id.Value] == nil || c.free[id] {
		return
	}
	for _, name := range c.list {
		if name == id.Value {
			return
		}
	}
	c.list = append(c.list, id.Value)
}

// freeNodes finds the columns that may be unset: those compared with nil, and those on
// the left of "??".
type freeNodes struct{ free map[ast.Node]bool }

// Visit implements ast.Visitor.
func (f freeNodes) Visit(node *ast.Node) {
	n, ok := (*node).(*ast.BinaryNode)
	if !ok {
		return
	}
	if n.Operator == "??" || n.Operator == "!=" && isNil(n.Right) || n.Operator == "==" && isNil(n.Right) {
		f.free[n.Left] = true
	}
	if (n.Operator == "!=" || n.Operator == "==") && isNil(n.Left) {
		f.free[n.Right] = true
	}
}

// networks turns the constant networks of a call of cidr into a set.
func (g *guard) networks(n *ast.CallNode) {
	if len(n.Arguments) < 2 {
		return // the checker reports this
	}
	var set networks
	for _, arg := range n.Arguments[1:] {
		text, ok := arg.(*ast.StringNode)
		if !ok {
			return
		}
		p, err := netip.ParsePrefix(text.Value)
		if err != nil {
			g.fail("cidr: %q is not a network such as 192.0.2.0/24", text.Value)
			return
		}
		set = append(set, p)
	}
	n.Callee = &ast.IdentifierNode{Value: cidrSet}
	n.Arguments = []ast.Node{n.Arguments[0], &ast.ConstantNode{Value: set}}
}

// addresses checks constants that are compared with an address column, and writes them
// in the form of column values.
func (g *guard) addresses(column, constant ast.Node) {
	id, ok := column.(*ast.IdentifierNode)
	if !ok || g.fields[id.Value] == nil || g.fields[id.Value].Kind != schemas.KindAddr || g.fields[id.Value].Container != schemas.Scalar {
		return
	}
	switch c := constant.(type) {
	case *ast.StringNode:
		a, err := netip.ParseAddr(c.Value)
		if err != nil {
			g.fail("%s is compared with %q, which is not an address; for networks there is cidr(%s, ...)", id.Value, c.Value, id.Value)
			return
		}
		c.Value = string(text.AppendAddr(nil, a))
	case *ast.ArrayNode:
		for _, e := range c.Nodes {
			g.addresses(column, e)
		}
	}
}

func (g *guard) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
}
