module causeway

go 1.26
