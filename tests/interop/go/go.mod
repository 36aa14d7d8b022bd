module machine-conformance/interop

go 1.24
