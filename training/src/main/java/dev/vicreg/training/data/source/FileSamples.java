package dev.vicreg.training.data.source;

import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One sample a file; the folder that a file lies in is its class.
 *
 * @param <T> a decoded sample
 */
public final class FileSamples<T> implements Samples<T> {
    private final Closeable owner;
    private final List<DataFile> files;
    private final Format<T> format;
    private final List<String> labelNames;
    private final int[] labels;

    /** What the files hold. */
    public interface Format<T> {
        /** In the plural. */
        String noun();

        /**
         * The sample in a file.
         *
         * @throws IOException if it is damaged; the message begins with the name
         */
        T decode(byte[] bytes, String name) throws IOException;

        /** Bytes of memory that a decoded sample takes. */
        long decodedSize(T sample);
    }

    /**
     * The samples in these files.
     *
     * @param owner of the files, closed with them
     */
    public FileSamples(Closeable owner, List<DataFile> files, Format<T> format) {
        this.owner = owner;
        this.files = files;
        this.format = format;
        labelNames = files.stream()
                .map(FileSamples::className)
                .filter(name -> !name.isEmpty())
                .distinct()
                .sorted()
                .toList();
        Map<String, Integer> numbers = new HashMap<>();
        labelNames.forEach(name -> numbers.put(name, numbers.size()));
        labels = files.stream()
                .mapToInt(file -> numbers.getOrDefault(className(file), -1))
                .toArray();
    }

    private static String className(DataFile file) {
        String folder = file.folder();
        return folder.substring(folder.lastIndexOf('/') + 1);
    }

    @Override
    public int size() {
        return files.size();
    }

    @Override
    public String name(int index) {
        return files.get(index).name();
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
        return files.get(index).size();
    }

    @Override
    public byte[] encoded(int index) throws IOException {
        return files.get(index).read();
    }

    @Override
    public String noun() {
        return format.noun();
    }

    @Override
    public T decode(int index, byte[] encoded) throws IOException {
        return format.decode(encoded, name(index));
    }

    @Override
    public long decodedSize(T sample) {
        return format.decodedSize(sample);
    }

    @Override
    public boolean isCompressed() {
        return true;
    }

    @Override
    public boolean mixesTrainAndTest() {
        List<String> tops = files.stream()
                .map(file -> file.name().substring(0, Math.max(0, file.name().indexOf('/'))))
                .distinct()
                .toList();
        return tops.containsAll(Arrays.asList("train", "test"));
    }

    @Override
    public void close() throws IOException {
        owner.close();
    }
}
