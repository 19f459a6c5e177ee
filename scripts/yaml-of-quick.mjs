// What src/yaml/parse.ts and its helpers take from the library. The build fails where they take more.

export { Composer, CST, isAlias, isMap, isPair, isScalar, isSeq, Lexer, Parser, visit } from "yaml";
