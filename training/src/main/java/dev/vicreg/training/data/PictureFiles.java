package dev.vicreg.training.data;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.picture.PictureDecoder;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One picture a file; the folder that a picture lies in is its class. */
final class PictureFiles implements PictureSource {
    private final SourceFiles container;
    private final List<SourceFile> pictures;
    private final List<String> labelNames;
    private final int[] labels;

    /** @param pictures those files of the container that are pictures */
    PictureFiles(SourceFiles container, List<SourceFile> pictures) {
        this.container = container;
        this.pictures = pictures;
        labelNames = pictures.stream()
                .map(PictureFiles::className)
                .filter(name -> !name.isEmpty())
                .distinct()
                .sorted()
                .toList();
        Map<String, Integer> numbers = new HashMap<>();
        labelNames.forEach(name -> numbers.put(name, numbers.size()));
        labels = pictures.stream()
                .mapToInt(picture -> numbers.getOrDefault(className(picture), -1))
                .toArray();
    }

    private static String className(SourceFile picture) {
        String folder = picture.folder();
        return folder.substring(folder.lastIndexOf('/') + 1);
    }

    @Override
    public int size() {
        return pictures.size();
    }

    @Override
    public String name(int index) {
        return pictures.get(index).name();
    }

    @Override
    public int label(int index) {
        return labels[index];
    }

    @Override
    public List<String> labelNames() {
        return labelNames;
    }

    @Override
    public long encodedSize(int index) {
        return pictures.get(index).size();
    }

    @Override
    public byte[] encoded(int index) throws IOException {
        return pictures.get(index).read();
    }

    @Override
    public Picture decode(int index, byte[] encoded) throws IOException {
        return PictureDecoder.decode(encoded, name(index));
    }

    @Override
    public boolean isCompressed() {
        return true;
    }

    @Override
    public boolean mixesTrainAndTest() {
        List<String> tops = pictures.stream()
                .map(picture ->
                        picture.name().substring(0, Math.max(0, picture.name().indexOf('/'))))
                .distinct()
                .toList();
        return tops.containsAll(Arrays.asList("train", "test"));
    }

    @Override
    public void close() throws IOException {
        container.resource().close();
    }
}
