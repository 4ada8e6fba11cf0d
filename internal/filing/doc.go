// Package filing holds the values of the filing domain: numbers, certificates,
// contacts, receipts, and the facts kept about accounts, subjects and websites.
//
// Every parser takes what a person typed or pasted: surrounding blanks, full
// width letters and invisible marks are folded away before anything is judged,
// and a refusal is always a *FormatError that never repeats the input.
//
// Personal values (Phone, Email, IDNumber, CreditCode, Certificate) print
// masked wherever they are printed; Reveal is the only way to the clear value.
package filing
