/**
 * A page that recognises the expression of a cropped face: the user chooses an image, and the page
 * scales it to the input size in `model.json` and lists the labels with their probabilities.
 */
export const PAGE = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <title>Expression recognition</title>
  <style>
    :root { color-scheme: light dark; }
    body { font: 16px/1.5 system-ui; margin: 2rem auto; padding: 0 1rem; max-width: 24rem; }
    img { display: block; margin: 1rem 0; width: 100%; }
    input { max-width: 100%; }
    meter { width: 60%; }
  </style>
  <label>Image of a cropped face: <input type="file" accept="image/*" /></label>
  <img hidden alt="" />
  <div role="list"></div>
  <script type="module">
    import * as ort from "./ort.wasm.min.mjs";
    ort.env.wasm.numThreads = 1;
    const model = fetch("model.json").then((response) => response.json());
    const opened = ort.InferenceSession.create("model.onnx");
    const [image, list] = ["img", "[role=list]"].map((selector) => document.querySelector(selector));
    const choose = ({ files }) => {
      if (files[0]) Object.assign(image, { src: URL.createObjectURL(files[0]), hidden: false });
    };
    image.onload = async () => {
      const [{ labels, input }, session] = await Promise.all([model, opened]);
      const { width, height, channels } = input;
      const context = new OffscreenCanvas(width, height).getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(image, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      const grey = (i) => 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
      const value = (i) => (channels === 1 ? grey(4 * i) : data[4 * Math.floor(i / 3) + (i % 3)]);
      const pixels = Float32Array.from({ length: width * height * channels }, (_, i) => value(i));
      const tensor = new ort.Tensor("float32", pixels, [1, height, width, channels]);
      const { probabilities } = await session.run({ input: tensor });
      const line = (label, i) => \`<div role="listitem"><meter value="\${probabilities.data[i]}"></meter> \${label}</div>\`;
      list.innerHTML = labels.map(line).join("");
    };
    const picker = document.querySelector("input");
    picker.onchange = () => choose(picker);
    choose(picker);
  </script>
</html>
`;
