package schemas

import "github.com/wirelog/wirelog/value"

// PE is a transferred Windows executable.
//
//wirelog:log pe
type PE struct {
	// Time at which the file was first seen.
	TS value.Time `zeek:"ts"`
	// Identifier of the file.
	ID string `zeek:"id"`
	// Machine type that it is built for.
	Machine value.Opt[string] `zeek:"machine"`
	// Build time according to the file.
	CompileTS value.Opt[value.Time] `zeek:"compile_ts"`
	// Operating system that it requires.
	OS value.Opt[string] `zeek:"os"`
	// Subsystem that it requires.
	Subsystem value.Opt[string] `zeek:"subsystem"`
	// Whether it is an executable and not just an object file.
	IsEXE bool `zeek:"is_exe"`
	// Whether it is a 64-bit file.
	Is64Bit bool `zeek:"is_64bit"`
	// Whether it can be loaded at any address (address space layout randomization).
	UsesASLR bool `zeek:"uses_aslr"`
	// Whether it supports data execution prevention.
	UsesDEP bool `zeek:"uses_dep"`
	// Whether its signature is checked.
	UsesCodeIntegrity bool `zeek:"uses_code_integrity"`
	// Whether it uses structured exception handling.
	UsesSEH bool `zeek:"uses_seh"`
	// Whether it has an import table.
	HasImportTable value.Opt[bool] `zeek:"has_import_table"`
	// Whether it has an export table.
	HasExportTable value.Opt[bool] `zeek:"has_export_table"`
	// Whether it has a certificate table.
	HasCertTable value.Opt[bool] `zeek:"has_cert_table"`
	// Whether it has debugging data.
	HasDebugData value.Opt[bool] `zeek:"has_debug_data"`
	// Names of its sections, in order.
	SectionNames value.Vector[string] `zeek:"section_names"`
}
