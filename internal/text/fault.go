package text

import "maps"

// Fault is one wrong field as the rules name it: a stable code, an optional
// reason that refines it, and numbers for the sentence.
type Fault struct {
	Field  string
	Code   string
	Reason string
	Params Params
}

// reasonEmpty is the reason of a value of which nothing is left.
const reasonEmpty = "empty"

// Fault returns the sentence shown at the field. The first of these messages
// that exists is taken: fault.<code>.<reason>, fault.<code>,
// blocker.<code>.message; an empty value is asked for as fault.REQUIRED.
// {field} is filled with the field's label.
func (c *Catalog) Fault(lang Lang, f Fault) string {
	params := maps.Clone(f.Params)
	if params == nil {
		params = Params{}
	}
	if _, given := params["field"]; !given && f.Field != "" {
		params["field"] = c.Field(lang, f.Field)
	}
	if f.Reason == reasonEmpty {
		return c.T(lang, "fault.REQUIRED", params)
	}
	for _, key := range []string{"fault." + f.Code + "." + f.Reason, "fault." + f.Code} {
		if c.Has(lang, key) {
			return c.T(lang, key, params)
		}
	}
	return c.T(lang, "blocker."+f.Code+".message", params)
}

// Blocker returns what stands in the way and how to clear it, for a code of
// product.md "Blocker codes".
func (c *Catalog) Blocker(lang Lang, code string, params Params) (message, remedy string) {
	return c.T(lang, "blocker."+code+".message", params), c.T(lang, "blocker."+code+".remedy", params)
}

// ParamsOf turns the string parameters of a rule into Params.
func ParamsOf(given map[string]string) Params {
	params := make(Params, len(given))
	for name, value := range given {
		params[name] = value
	}
	return params
}
