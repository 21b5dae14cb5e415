// Packs the converter as one .tgz that can be installed anywhere and needs no other package. `npm
// pack` alone neither compiles it nor removes the paths of its sources from package.json.
//
//     node packages/tfjs-to-onnx/pack.mjs [FOLDER]
import path from "node:path";
import { compile, packPublished } from "../../tools/packing.mjs";

const here = import.meta.dirname;
const target = path.resolve(process.argv[2] ?? path.join(here, "../../artifacts/packages"));
compile(here);
console.log(packPublished(here, { target }));
