package otlp

import "google.golang.org/protobuf/encoding/protowire"

// partialSuccess reads how many records a receiver has refused: field 1 of its answer is a
// message, in which field 1 is the number and field 2 the reason. The package that has these
// messages needs gRPC.
func partialSuccess(answer []byte) (refused int64, why string, err error) {
	var partial []byte
	err = each(answer, func(num protowire.Number, kind protowire.Type, value []byte) {
		if num == 1 && kind == protowire.BytesType {
			partial, _ = protowire.ConsumeBytes(value) // each has looked at its length
		}
	})
	if err != nil {
		return 0, "", err
	}
	err = each(partial, func(num protowire.Number, kind protowire.Type, value []byte) {
		if num == 1 && kind == protowire.VarintType {
			n, _ := protowire.ConsumeVarint(value)
			refused = int64(n)
		}
	})
	return refused, readText(partial, 2), err
}

// readText returns what a message has in a field of text, or nothing where it is no message.
func readText(message []byte, field protowire.Number) (text string) {
	err := each(message, func(num protowire.Number, kind protowire.Type, value []byte) {
		if num == field && kind == protowire.BytesType {
			b, _ := protowire.ConsumeBytes(value)
			text = string(b)
		}
	})
	if err != nil {
		return ""
	}
	return text
}

// each calls fn with every field of a message, whose value begins with value.
func each(message []byte, fn func(num protowire.Number, kind protowire.Type, value []byte)) error {
	for len(message) > 0 {
		num, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if n = protowire.ConsumeFieldValue(num, kind, message); n < 0 {
			return protowire.ParseError(n)
		}
		fn(num, kind, message)
		message = message[n:]
	}
	return nil
}
