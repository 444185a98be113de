package schemas

import "github.com/wirelog/wirelog/value"

// PE is an executable of Windows that was transferred.
//
//wirelog:log pe
type PE struct {
	// Time at which the file was first seen.
	TS value.Time `zeek:"ts"`
	// Identifier of the file.
	ID string `zeek:"id"`
	// Kind of machine that it is for.
	Machine value.Opt[string] `zeek:"machine"`
	// Time at which it says it was made.
	CompileTS value.Opt[value.Time] `zeek:"compile_ts"`
	// Operating system that it needs.
	OS value.Opt[string] `zeek:"os"`
	// Subsystem that it needs.
	Subsystem value.Opt[string] `zeek:"subsystem"`
	// Whether it can be executed, and is not just an object file.
	IsEXE bool `zeek:"is_exe"`
	// Whether it is for 64 bits.
	Is64Bit bool `zeek:"is_64bit"`
	// Whether it can be loaded anywhere (address space layout randomization).
	UsesASLR bool `zeek:"uses_aslr"`
	// Whether it supports data execution prevention.
	UsesDEP bool `zeek:"uses_dep"`
	// Whether its signature is checked.
	UsesCodeIntegrity bool `zeek:"uses_code_integrity"`
	// Whether it uses structured exception handling.
	UsesSEH bool `zeek:"uses_seh"`
	// Whether it has a table of imports.
	HasImportTable value.Opt[bool] `zeek:"has_import_table"`
	// Whether it has a table of exports.
	HasExportTable value.Opt[bool] `zeek:"has_export_table"`
	// Whether it has a table of certificates.
	HasCertTable value.Opt[bool] `zeek:"has_cert_table"`
	// Whether it has debugging data.
	HasDebugData value.Opt[bool] `zeek:"has_debug_data"`
	// Names of its sections, in order.
	SectionNames value.Vector[string] `zeek:"section_names"`
}
